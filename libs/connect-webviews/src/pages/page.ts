import type { AskedField, LocalSystem } from '@latchkey/gateways';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

/** The page loads nothing else; and pages to which it links do not get its address, which is a key. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors *",
  'referrer-policy': 'no-referrer',
};

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
input { font: inherit; display: block; width: 100%; box-sizing: border-box; margin: .25rem 0 1rem; padding: .6rem; border: 1px solid #5f6368; border-radius: .25rem }
button { font: inherit; display: block; width: 100%; margin: .5rem 0; padding: .7rem 1rem; text-align: left; border: 1px solid #0b57d0; border-radius: .25rem; background: #fff; color: #0b57d0 }
:focus-visible { outline: 3px solid #b26a00; outline-offset: 2px }
.error { border-left: .3rem solid #b3261e; padding-left: .7rem }
</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

function hiddenFields(hidden: Readonly<Record<string, string>>): string {
  return Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('\n');
}

/** The page on which somebody chooses whose locks to connect. Works without JavaScript. */
export function choicePage(options: {
  readonly workspace: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly makers: readonly { name: string; displayName: string }[];
  readonly problem: string | null;
}): string {
  const { workspace, makers, problem } = options;
  const choices = makers
    .map(
      ({ name, displayName }) =>
        `<button type="submit" name="provider" value="${escaped(name)}">${escaped(displayName)}</button>`,
    )
    .join('\n');
  return page(
    'Connect your locks',
    `${problem === null ? '' : `<p class="error" role="alert">${escaped(problem)}</p>`}
<p><strong>${escaped(workspace)}</strong> asks to manage the access codes of your locks. Whose locks are they? You will be asked to log in there, or how your own system is reached.</p>
${
  makers.length === 0
    ? '<p class="error" role="alert">No lock maker is set up here that this link allows.</p>'
    : `<form method="get" action="/connect_webviews/authorize">
${hiddenFields(options.hidden)}
${choices}
</form>`
}`,
  );
}

const ASKED: Readonly<Record<AskedField, { label: string; type: string; hint: string }>> = {
  address: { label: 'Address', type: 'text', hint: '' },
  username: { label: 'User name, if it asks for one', type: 'text', hint: '' },
  password: { label: 'Password, if it asks for one', type: 'password', hint: '' },
  pairing_code: { label: 'Pairing code, from the lock or its app', type: 'text', hint: '3497-011-2332' },
};

const EXAMPLES: Readonly<Record<LocalSystem['kind'], string>> = {
  'zwave-js': 'ws://hub.local:3000',
  zigbee2mqtt: 'mqtt://hub.local:1883',
  matter: '',
};

/** The page on which somebody enters how a local system is reached. Earlier entries are not shown again. */
export function detailsPage(options: {
  readonly workspace: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly system: LocalSystem;
  readonly problem: string | null;
}): string {
  const { workspace, system, problem } = options;
  const fields = system.asked.map((name) => {
    const { label, type, hint } = ASKED[name];
    const example = name === 'address' ? EXAMPLES[system.kind] : hint;
    return `<label>${label}
<input name="${name}" type="${type}" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="${escaped(example)}"></label>`;
  });
  return page(
    `Connect ${system.displayName}`,
    `${problem === null ? '' : `<p class="error" role="alert">${escaped(problem)}</p>`}
<p><strong>${escaped(workspace)}</strong> asks to manage the access codes of the locks there.</p>
<form method="post" action="/connect_webviews/local">
${hiddenFields(options.hidden)}
${fields.join('\n')}
<button type="submit">Connect</button>
</form>`,
  );
}

export const connectedPage = (message: string | null): string =>
  page('Your locks are connected', `<p>${escaped(message ?? 'You can close this page.')}</p>`);

export const problemPage = (reason: string): string =>
  page('This did not work', `<p class="error" role="alert">${escaped(reason)}</p>`);
