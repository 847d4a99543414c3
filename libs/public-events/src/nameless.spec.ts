import { nameless } from './nameless';

const event = (more: object) => ({
  ...{
    event_id: 'e',
    event_type: 'access_code.changed',
    workspace_id: 'w',
    created_at: 'now',
    occurred_at: 'now',
  },
  ...{ access_code_id: 'code-1', ...more },
});

describe('an event of a code without its names', () => {
  it.each<[string, object, object]>([
    [
      'what was changed',
      {
        changed_properties: [
          { property: 'name', from: 'Ada', to: 'Bob' },
          { property: 'type', from: 'ongoing', to: 'time_bound' },
        ],
      },
      {
        changed_properties: [
          { property: 'name', from: null, to: null },
          { property: 'type', from: 'ongoing', to: 'time_bound' },
        ],
      },
    ],
    [
      'what was asked for',
      {
        requested_mutations: [
          { mutation_code: 'updating_name', from: { name: 'Ada' }, to: { name: 'Bob' } },
          { mutation_code: 'updating_code', from: { code: null }, to: { code: null } },
        ],
      },
      {
        requested_mutations: [
          { mutation_code: 'updating_name', from: { name: null }, to: { name: null } },
          { mutation_code: 'updating_code', from: { code: null }, to: { code: null } },
        ],
      },
    ],
    [
      'another name',
      { from: { name: 'Ada' }, to: { name: 'Bob' } },
      { from: { name: null }, to: { name: null } },
    ],
    [
      'what somebody else changed',
      {
        access_code_errors: [
          { message: 'changed', modified_fields: [{ field: 'name', from: 'Ada', to: 'X' }] },
        ],
      },
      {
        access_code_errors: [
          { message: 'changed', modified_fields: [{ field: 'name', from: null, to: null }] },
        ],
      },
    ],
  ])('has null in %s', (_, told, left) => {
    expect(nameless(event(told))).toEqual(event(left));
  });

  it.each<[string, object]>([
    ['tells none', { description: 'A code', code: '1234', changed_properties: [] }],
    ['has none any more', { from: { name: null }, to: { name: null } }],
    ['is of its device', { device_custom_metadata: { name: 'Ada' }, device_errors: [{ name: 'Ada' }] }],
    ['is of no code', { access_code_id: undefined, from: { name: 'Ada' } }],
  ])('is the same where it %s', (_, told) => {
    const same = event(told);
    expect(nameless(same)).toBe(same);
  });
});
