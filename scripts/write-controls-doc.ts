/** Writes docs/controls.md from the controls in the code: `npm run controls:doc`. */
import { writeFileSync } from 'node:fs';
import { controlCards } from '@/experiments/controls/index.ts';
import { controlMarkdown } from '../cli/control-table.ts';

writeFileSync(new URL('../docs/controls.md', import.meta.url), controlMarkdown(controlCards()));
