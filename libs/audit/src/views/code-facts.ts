import { Streams } from '@latchkey/access-codes';
import { Injectable } from '@nestjs/common';
import type { CodeFact } from '../domain/code-history';

/** The facts of one code, from which its timeline and what it opened are folded. */
@Injectable()
export class CodeFacts {
  constructor(private readonly streams: Streams) {}

  /** In order, including archived ones; empty where there never was such a code. */
  async of(codeId: string): Promise<CodeFact[]> {
    const history = await this.streams.codes.history(codeId);
    return history.map(({ event, recorded: { id, metadata } }) => ({
      event,
      eventId: id,
      actor: metadata.actor,
      requestId: metadata.$correlationId,
    }));
  }
}
