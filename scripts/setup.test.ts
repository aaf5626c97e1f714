import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assertNode, isInstalled, SetupError } from './setup.mjs';

describe('assertNode', () => {
  test.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('lets Node %s pass', (version) => {
    expect(() => assertNode(version)).not.toThrow();
  });

  test.each(['16.20.2', '18.20.4', '20.18.9'])('names the version that is needed to Node %s', (version) => {
    expect(() => assertNode(version)).toThrow(SetupError);
    expect(() => assertNode(version)).toThrow(
      `This is Node ${version}; Stratascope needs Node 20.19 or newer.`,
    );
  });
});

describe('isInstalled', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stratascope-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, packages: Record<string, { version: string; optional?: boolean }>) => {
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify({ packages }));
  };
  const lock = (packages: Parameters<typeof write>[1]) => write('package-lock.json', packages);
  const present = (packages: Parameters<typeof write>[1]) =>
    write('node_modules/.package-lock.json', packages);

  test('needs an installation that ran to its end', () => {
    lock({ 'node_modules/a': { version: '1.0.0' } });
    expect(isInstalled(root)).toBe(false);
    present({ 'node_modules/a': { version: '1.0.0' } });
    expect(isInstalled(root)).toBe(true);
  });

  test('notices a newer lock and a new package', () => {
    present({ 'node_modules/a': { version: '1.0.0' } });
    lock({ 'node_modules/a': { version: '1.0.1' } });
    expect(isInstalled(root)).toBe(false);
    lock({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } });
    expect(isInstalled(root)).toBe(false);
  });

  test("does not miss other platforms' optional packages", () => {
    present({ 'node_modules/a': { version: '1.0.0' } });
    lock({
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a-mac': { version: '1.0.0', optional: true },
    });
    expect(isInstalled(root)).toBe(true);
  });
});
