/** One operation on a page. */
import { formatBytes } from '../../model/bytes.ts';
import { isOver, type Operation } from '../../model/operation.ts';
import { bar, formatMoment } from '../format.ts';
import { plain } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { TableLayout } from '../table.ts';
import { stateColour, tookOf } from '../tables.ts';

export function operationSheet(operation: Operation, layout: TableLayout, now: number): string[] {
  const { target, state, step, done, total, unit, error, created_at: begun, finished_at: ended } = operation;
  const amount = unit === 'bytes' ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total} steps`;
  return createSheet(layout)
    .title('operation', operation.kind, state, stateColour(state))
    .conditions(error === null ? [] : [{ type: error.code, message: error.message, hint: error.detail.hint ?? '' }])
    .section(null, [
      ['of', `${target.kind} ${plain(target.name)} (${target.id})`],
      ['step', plain(step)],
      ['done', total > 0 ? `${bar([{ value: done, colour: 'cyan' }], total, 24, layout.paint)} ${amount}` : null],
      ['cancel', isOver(operation) ? null : operation.cancel_requested ? 'asked to stop' : operation.cancellable ? `possible: holdfast operation cancel ${operation.id}` : 'not possible now'],
      ['begun', formatMoment(begun, now)],
      ['ended', ended === null ? null : `${formatMoment(ended, now)}, after ${tookOf(Date.parse(ended) - Date.parse(begun))}`],
      ['id', operation.id],
    ])
    .lines();
}
