import { ALL_STREAM, type StreamAction } from '../access/caller';
import { type EventLog } from '../storage/event-log';
import {
  isMetastream,
  originalOf,
  parseAcl,
  type StreamAcl,
  type StreamMetadataReader,
} from '../streams/stream-metadata';

/** The role everybody with a login has. */
const ALL = '$all';
const SETTINGS_STREAM = '$settings';

interface DefaultAcls {
  readonly user: StreamAcl | undefined;
  readonly system: StreamAcl | undefined;
}

/**
 * Who may do what with a stream: its own $acl, else the defaults in the $settings stream ($userStreamAcl and
 * $systemStreamAcl), else everybody for a user's stream and $admins for a system stream.
 */
export class StreamAccess {
  private settings: { revision: number; acls: DefaultAcls } | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly metadata: StreamMetadataReader,
  ) {
    log.onRollback(() => (this.settings = undefined));
  }

  allows(roles: ReadonlySet<string>, isAdmin: boolean, action: StreamAction, stream: string): boolean {
    if (stream === ALL_STREAM && action !== 'read') return false;
    const aboutMetadata = isMetastream(stream);
    if (aboutMetadata && action === 'delete') return false;
    if (isAdmin) return true;
    const subject = aboutMetadata ? originalOf(stream) : stream;
    const allowed = this.rolesFor(aboutMetadata ? metadataAction(action) : action, subject);
    return allowed.some((role) => role === ALL || roles.has(role));
  }

  /** Whether a user stream's own $acl names one of the roles as a reader. What is open to everybody does not count. */
  namesReader(roles: ReadonlySet<string>, stream: string): boolean {
    if (stream.startsWith('$')) return false;
    const readers = this.metadata.of(stream).acl?.read ?? [];
    return readers.some((role) => !role.startsWith('$') && roles.has(role));
  }

  private rolesFor(action: keyof StreamAcl, stream: string): readonly string[] {
    const own = this.metadata.of(stream).acl?.[action];
    if (own) return own;
    const isSystem = stream.startsWith('$');
    const defaults = this.defaults();
    return (isSystem ? defaults.system : defaults.user)?.[action] ?? [isSystem ? '$admins' : ALL];
  }

  private defaults(): DefaultAcls {
    const head = this.log.head(SETTINGS_STREAM);
    if (!head || head.lastRevision < 0) return { user: undefined, system: undefined };
    if (this.settings?.revision !== head.lastRevision) {
      const event = this.log.ofRevision(head, head.lastRevision);
      this.settings = { revision: head.lastRevision, acls: parseDefaults(event?.data) };
    }
    return this.settings.acls;
  }
}

function metadataAction(action: StreamAction): keyof StreamAcl {
  return action === 'read' ? 'metaRead' : 'metaWrite';
}

function parseDefaults(data: Uint8Array | undefined): DefaultAcls {
  try {
    const json = JSON.parse(Buffer.from(data ?? []).toString('utf8')) as Record<string, unknown>;
    return { user: parseAcl(json['$userStreamAcl']), system: parseAcl(json['$systemStreamAcl']) };
  } catch {
    return { user: undefined, system: undefined };
  }
}
