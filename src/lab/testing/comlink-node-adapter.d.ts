/** comlink ships types for its Node adapter beside the .mjs file, under a name that TypeScript does not connect. */
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import nodeEndpoint from 'comlink/dist/esm/node-adapter';
  export default nodeEndpoint;
}
