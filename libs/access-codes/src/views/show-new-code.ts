import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { CodePresenter } from './code-presenter';
import type { SeamAccessCode } from './present-code';
import { ShowNewCode } from './queries';

/** Shows a code by what was decided: the view of codes need not have it. */
@QueryHandler(ShowNewCode)
export class ShowNewCodeHandler implements IQueryHandler<ShowNewCode> {
  constructor(private readonly presenter: CodePresenter) {}

  async execute({ code }: ShowNewCode): Promise<SeamAccessCode> {
    const [shown] = await this.presenter.present([code]);
    return shown!;
  }
}
