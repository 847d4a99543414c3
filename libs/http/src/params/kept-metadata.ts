import { getMetadataStorage } from 'class-validator';

type Storage = ReturnType<typeof getMetadataStorage>;
type Metadata = ReturnType<Storage['getTargetValidationMetadatas']>;
type Grouped = ReturnType<Storage['groupByPropertyName']>;

/**
 * Lets class-validator look up once for each class what it is to check: it goes through all that is declared of every
 * class, for each object anew, which takes as long as the checks. Classes of parameters are complete before the
 * first object is checked.
 */
export function keepMetadata(): void {
  const storage = getMetadataStorage();
  const find = storage.getTargetValidationMetadatas.bind(storage);
  const group = storage.groupByPropertyName.bind(storage);
  const found = new WeakMap<object, Metadata>();
  const grouped = new WeakMap<Metadata, Grouped>();
  storage.getTargetValidationMetadatas = (type, schema, always, strictGroups, groups) => {
    const isPlain = !schema && !always && !strictGroups && !groups;
    const kept = isPlain ? found.get(type) : undefined;
    if (kept) return kept;
    const metadata = find(type, schema, always, strictGroups, groups);
    if (isPlain) found.set(type, metadata);
    return metadata;
  };
  storage.groupByPropertyName = (metadata) => {
    const kept = grouped.get(metadata);
    if (kept) return kept;
    const byName = group(metadata);
    grouped.set(metadata, byName);
    return byName;
  };
}
