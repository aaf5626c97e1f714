/**
 * Lets tensors lie in the WebAssembly memory of ONNX Runtime for as long as they are used. The package copies every input
 * there anew for every run, weights too: for one token of an answer that takes longer than the computing. Two edits of its
 * script: an array that the runtime's module lists under `residents` is taken where it lies, and the module is exported.
 * What lies where is src/backends/wasm-memory.ts's to know.
 *
 * A version of the package that reads otherwise fails the build.
 */

/** `length = data.byteLength, pointer = module._malloc(length), …, module.HEAPU8.set(…, pointer)` as minified. */
const COPY =
  /(\w+)=(\w+)\.byteLength,(\w+)=(\w+)\._malloc\(\1\),(\w+)\.push\(\3\),\4\.HEAPU8\.set\(new Uint8Array\(\2\.buffer,\2\.byteOffset,\1\),\3\)/g;
/** On the CPU, and on the CPU where WebNN takes other inputs. */
const COPIES = 2;

const INSTANCE =
  /([\w$]+)=\(\)=>\{if\([\w$]+&&[\w$]+\)return [\w$]+;throw new Error\("WebAssembly is not initialized yet\."\)\}/;

/** @throws Error where the script is not of the known form */
export function withResidentTensors(code: string): string {
  const copies = [...code.matchAll(COPY)].length;
  const [, getInstance] = INSTANCE.exec(code) ?? [];
  if (copies !== COPIES || !getInstance)
    throw new Error(
      `ONNX Runtime’s script copies inputs in ${copies} places of the known form instead of ${COPIES}${getInstance ? '' : ', and its module was not found'}. After a new version of onnxruntime-web, scripts/ort-wasm has to be adapted.`,
    );
  const edited = code.replaceAll(
    COPY,
    (copy, length, data, pointer, module) =>
      `${length}=${data}.byteLength,${module}.residents?.has(${data})?${pointer}=${data}.byteOffset:(${copy.slice(copy.indexOf(',') + 1)})`,
  );
  return `${edited}\nexport { ${getInstance} as getInstance };\n`;
}
