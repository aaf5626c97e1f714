/** This page's version, written in by the bundler from package.json (vite.config.ts). */
declare const APP_VERSION: string;

export const appVersion: string = APP_VERSION;
