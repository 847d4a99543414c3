import type { SeamActionAttempt } from '@latchkey/devices';
import type { Page, PageRequest } from '@latchkey/platform';
import { Query } from '@nestjs/cqrs';
import type { AccessCode } from '../domain/access-code';
import type { SeamAccessCode } from './present-code';
import type { CodeAttempt } from './present-code-attempt';
import type { SeamUnmanagedAccessCode } from './present-unmanaged';

/**
 * One access code, by its id, or by its PIN on one device: of several with the same PIN, the one whose window is
 * or comes next. Fails with 404 access_code_not_found.
 */
export class GetAccessCode extends Query<SeamAccessCode> {
  constructor(
    readonly workspaceId: string,
    readonly by: { accessCodeId: string } | { deviceId: string; code: string },
  ) {
    super();
  }
}

/** A code as its creation has just decided it. */
export class ShowNewCode extends Query<SeamAccessCode> {
  constructor(readonly code: AccessCode) {
    super();
  }
}

export interface CodeFilter {
  deviceId?: string;
  accessCodeIds?: readonly string[];
  /** Part of the name or of the id, in any case, or a whole PIN: of PINs, only fingerprints are kept. */
  search?: string;
  commonCodeKey?: string;
  /** No code has these properties yet: a filter on one finds nothing. */
  customerKey?: string;
  userIdentifierKey?: string;
}

/** Access codes, in the order in which they were requested. */
export class ListAccessCodes extends Query<Page<SeamAccessCode>> {
  constructor(
    readonly workspaceId: string,
    readonly filter: CodeFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

/** One unmanaged code, by its id, or by its PIN on one device. Fails with 404 access_code_not_found. */
export class GetUnmanagedAccessCode extends Query<SeamUnmanagedAccessCode> {
  constructor(
    readonly workspaceId: string,
    readonly by: { accessCodeId: string } | { deviceId: string; code: string },
  ) {
    super();
  }
}

export interface UnmanagedFilter {
  deviceId: string;
  /** As in `CodeFilter`. */
  search?: string;
  userIdentifierKey?: string;
}

/** The unmanaged codes on a device, in the order in which they were first seen. Fails with 404 device_not_found. */
export class ListUnmanagedAccessCodes extends Query<Page<SeamUnmanagedAccessCode>> {
  constructor(
    readonly workspaceId: string,
    readonly filter: UnmanagedFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

export interface AttemptFilter {
  deviceId?: string;
  /** Unknown ones are left out. */
  actionAttemptIds?: readonly string[];
}

/** Action attempts about locks and about codes, in the order in which they were requested. */
export class ListActionAttempts extends Query<Page<SeamActionAttempt | CodeAttempt>> {
  constructor(
    readonly workspaceId: string,
    readonly filter: AttemptFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

/** A PIN that the device takes and that is free on it now. It is not reserved. */
export class GenerateCode extends Query<{ code: string }> {
  constructor(
    readonly workspaceId: string,
    readonly deviceId: string,
  ) {
    super();
  }
}
