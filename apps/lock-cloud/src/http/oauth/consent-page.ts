import type { Account } from '../../accounts';

/** What the client asked for, carried through the form and back. */
export interface AuthorizationRequest {
  client_id: string;
  redirect_uri: string;
  state?: string | undefined;
  scope?: string | undefined;
  /** The client's tenant that somebody logs in for, signed. */
  login_hint?: string | undefined;
  code_challenge?: string | undefined;
  code_challenge_method?: 'S256' | undefined;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
fieldset { border: 1px solid #767676; border-radius: .25rem; margin: 1rem 0; padding: .5rem 1rem 1rem }
label { display: block; padding: .4rem 0 }
input[type=text] { font: inherit; padding: .4rem; width: 100%; box-sizing: border-box }
button { font: inherit; padding: .6rem 1.2rem; margin-right: .5rem; border: 1px solid #0b57d0; border-radius: .25rem; background: #fff; color: #0b57d0 }
button.allow { background: #0b57d0; color: #fff }
:focus-visible { outline: 3px solid #b26a00; outline-offset: 2px }
.error { border-left: .3rem solid #b3261e; padding-left: .7rem }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
}

/** The page on which somebody chooses a sandbox account and allows, or denies, access to its locks. */
export function consentPage(
  request: AuthorizationRequest,
  accounts: (Account & { locks: number })[],
  problem: string | null,
): string {
  const hidden = Object.entries(request)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`)
    .join('\n');
  const choices = accounts
    .map(
      ({ account_id, name, locks }, i) =>
        `<label><input type="radio" name="account" value="${escape(account_id)}"${i === 0 ? ' checked' : ''}> ` +
        `${escape(name)} (${locks} ${locks === 1 ? 'lock' : 'locks'})</label>`,
    )
    .join('\n');
  return page(
    'Connect your locks',
    `${problem === null ? '' : `<p class="error" role="alert">${escape(problem)}</p>`}
<p><strong>${escape(request.client_id)}</strong> asks to see the locks of an account and to change their access codes.</p>
<form method="post" action="/oauth/authorize">
${hidden}
<fieldset>
<legend>Sandbox account</legend>
${choices}
<label><input type="radio" name="account" value="new"${accounts.length === 0 ? ' checked' : ''}> A new account with two locks of its own</label>
<label for="new_account">Name of the new account</label>
<input type="text" id="new_account" name="new_account" maxlength="100" autocomplete="off">
</fieldset>
<button class="allow" type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`,
  );
}

/** Shown instead of a redirection when it isn't known that the address to go back to is right. */
export function errorPage(message: string): string {
  return page('This link does not work', `<p class="error" role="alert">${escape(message)}</p>`);
}
