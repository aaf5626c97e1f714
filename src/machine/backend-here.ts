/** Which backend a setting means on this machine, for the page, which may not know backends themselves. */
export { type BackendSetting, chosenBackend } from '@/backends/choose-backend.ts';
