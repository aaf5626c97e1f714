"""Executes the code cells of a notebook that Stratascope wrote and prints its report as JSON. See README.md beside it.

usage: run_notebook.py NOTEBOOK.ipynb SETTINGS.json ANSWERS.json
SETTINGS.json: variables of the settings cell, set after it has run. ANSWERS.json: [answer, tokens, prefixes, class] as the
program classified them; the notebook's own rules must agree.
"""
import json
import sys

notebook, settings, answers = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:4])
assert notebook["nbformat"] == 4
scope = {"__name__": "__main__"}
cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
for at, cell in enumerate(cells):
    code = "".join(cell["source"])
    exec(compile(code, f"<{cell['id']}>", "exec"), scope)
    if at == 0:
        scope.update(settings)
wrong = [
    {"answer": text, "program": then, "notebook": scope["classify"](text, prefixes, tokens)}
    for text, tokens, prefixes, then in answers
    if scope["classify"](text, prefixes, tokens) != then
]
print("REPORT " + json.dumps({"numbers": scope["REPORT"], "classified": len(answers), "wrong": wrong}))
