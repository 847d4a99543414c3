import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

const ROOT = join(__dirname, '../../..');

/** What each library may import; apps may import any. Features meet through their index files. */
const ALLOWED: Record<string, readonly string[]> = {
  platform: [],
  'eventstore-wire': [],
  'embedded-eventstore': ['eventstore-wire'],
  database: ['platform'],
  'event-sourcing': ['database', 'eventstore-wire', 'platform'],
  gateways: ['platform'],
  'zigbee2mqtt-stand-in': ['platform'],
  http: ['event-sourcing', 'database', 'platform'],
  'connect-webviews': ['devices', 'gateways', 'http', 'event-sourcing', 'database', 'platform'],
  devices: ['gateways', 'http', 'event-sourcing', 'database', 'platform'],
  'access-codes': ['devices', 'gateways', 'http', 'event-sourcing', 'database', 'platform'],
  'public-events': ['access-codes', 'devices', 'gateways', 'http', 'event-sourcing', 'database', 'platform'],
  retention: [
    'audit',
    'access-codes',
    'devices',
    'public-events',
    'http',
    'event-sourcing',
    'database',
    'platform',
  ],
  audit: ['access-codes', 'devices', 'public-events', 'http', 'event-sourcing', 'database', 'platform'],
};

/** Those whose insides are laid out alike. */
const FEATURES = new Set([
  'access-codes',
  'devices',
  'connect-webviews',
  'public-events',
  'audit',
  'retention',
]);

/** The floors inside a feature, from the top down: each may import from those below it and from its own. */
const FLOORS: readonly (readonly string[])[] = [
  ['http', 'pages'],
  ['webhooks', 'event-stream', 'subscriptions'],
  ['commands'],
  ['process-manager'],
  ['views', 'feed', 'translator', 'records'],
  ['domain'],
];

/** Decisions and folds are pure: these are all that their folders may import from elsewhere. */
const DOMAIN_MAY_IMPORT = [
  'zod',
  '@latchkey/event-sourcing',
  '@latchkey/devices',
  '@latchkey/gateways',
  '@latchkey/access-codes',
];

interface Import {
  /** From the root, with `/`. */
  readonly file: string;
  readonly specifier: string;
}

const isTest = (file: string) => /\.spec\.ts$|\/(testing|contract)\//.test(file);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?ts$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file));
}

function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
}

const packageOf = (path: string) => path.split('/').slice(0, 2).join('/');

/** Where a relative import leads, from the root. */
const target = ({ file, specifier }: Import) => join(dirname(file), specifier).split(sep).join('/');

const said = ({ file, specifier }: Import) => `${file} imports ${specifier}`;

/** From which file to which an import inside one library or app leads; none for other packages. */
function edgeOf(each: Import): [string, string][] {
  if (!each.specifier.startsWith('.')) return [];
  const path = target(each);
  const found = [`${path}.ts`, `${path}.tsx`, `${path}/index.ts`].find((file) =>
    existsSync(join(ROOT, file)),
  );
  return found === undefined ? [] : [[each.file, found]];
}

/** The same between the two files or folders in which an import leaves the folder that both have in common. */
function folderEdgeOf([from, to]: readonly [string, string]): [string, string] {
  const [ours, theirs] = [from.split('/'), to.split('/')];
  const common = ours.findIndex((part, n) => part !== theirs[n]);
  return [ours.slice(0, common + 1).join('/'), theirs.slice(0, common + 1).join('/')];
}

/** Files or folders that import themselves, by way of others. */
function inCircles(edges: readonly (readonly [string, string])[]): string[] {
  const importedBy = new Map<string, string[]>();
  for (const [from, to] of edges) importedBy.set(from, [...(importedBy.get(from) ?? []), to]);
  const comesBack = (start: string): boolean => {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      for (const to of importedBy.get(file) ?? []) {
        if (to === start) return true;
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    }
    return false;
  };
  return [...importedBy.keys()].filter(comesBack).sort();
}

describe('imports', () => {
  const imports = [...filesIn(join(ROOT, 'apps')), ...filesIn(join(ROOT, 'libs'))].flatMap(importsOf);
  const ofLibraries = imports.filter(({ file }) => file.startsWith('libs/') && !isTest(file));

  it('are found', () => {
    expect(imports.length).toBeGreaterThan(500);
    const libraries = readdirSync(join(ROOT, 'libs')).sort();
    expect(libraries.filter((name) => !(name in ALLOWED))).toEqual([]);
  });

  it('go one way between libraries: features, then event sourcing and database, then the platform', () => {
    const wrong = ofLibraries.filter(({ file, specifier }) => {
      const name = /^@latchkey\/([^/]+)/.exec(specifier)?.[1];
      return name !== undefined && !ALLOWED[file.split('/')[1]!]!.includes(name);
    });
    expect(wrong.map(said)).toEqual([]);
  });

  it('reach a library through its index file alone', () => {
    const deep = imports.filter(({ specifier }) => /^@latchkey\/[^/]+\//.test(specifier));
    expect(deep.map(said)).toEqual([]);
    const around = imports.filter(
      (each) => each.specifier.startsWith('.') && packageOf(target(each)) !== packageOf(each.file),
    );
    // Tests may start another app as a whole, through its index file.
    const allowed = (each: Import) => isTest(each.file) && /^apps\/[^/]+\/src(\/index)?$/.test(target(each));
    expect(around.filter((each) => !allowed(each)).map(said)).toEqual([]);
  });

  it('never lead from a library to an app, not from its test support either', () => {
    // A spec of the gateway to lock makers may start the simulated one as a whole.
    const isAllowed = (each: Import) =>
      each.file.endsWith('.spec.ts') && target(each) === 'apps/lock-cloud/src/index';
    const wrong = imports.filter(
      (each) =>
        each.file.startsWith('libs/') &&
        each.specifier.startsWith('.') &&
        target(each).startsWith('apps/') &&
        !isAllowed(each),
    );
    expect(wrong.map(said)).toEqual([]);
  });

  it('bring nothing of tests into what runs', () => {
    // An index file may offer what other libraries' tests need.
    const wrong = imports.filter(
      (each) =>
        !isTest(each.file) &&
        !/^libs\/[^/]+\/src\/index\.ts$/.test(each.file) &&
        each.specifier.startsWith('.') &&
        /\/(testing|contract)\/|\.spec$/.test(target(each)),
    );
    expect(wrong.map(said)).toEqual([]);
  });

  it('go down the floors of a feature', () => {
    const floorOf = (file: string) => {
      const folder = /^libs\/[^/]+\/src\/([^/]+)\//.exec(file)?.[1];
      return FLOORS.findIndex((floor) => floor.includes(folder ?? ''));
    };
    const wrong = ofLibraries.filter((each) => {
      if (!each.specifier.startsWith('.') || !FEATURES.has(each.file.split('/')[1]!)) return false;
      const [from, to] = [floorOf(each.file), floorOf(target(each))];
      return from >= 0 && to >= 0 && to < from;
    });
    expect(wrong.map(said)).toEqual([]);
  });

  it('never run in a circle', () => {
    const running = imports.filter(({ file }) => !isTest(file));
    expect(inCircles(running.flatMap(edgeOf))).toEqual([]);
  });

  it('never run in a circle between folders, at any level', () => {
    const running = imports.filter(({ file }) => !isTest(file));
    expect(inCircles(running.flatMap(edgeOf).map(folderEdgeOf))).toEqual([]);
  });

  it('keep domains pure', () => {
    const wrong = ofLibraries
      .filter(({ file }) => /^libs\/[^/]+\/src\/domain\//.test(file))
      .filter((each) =>
        each.specifier.startsWith('.')
          ? !/^libs\/[^/]+\/src\/domain\//.test(target(each))
          : !DOMAIN_MAY_IMPORT.includes(each.specifier),
      );
    expect(wrong.map(said)).toEqual([]);
  });
});
