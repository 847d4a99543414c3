export { entryIn, FieldReader } from './field-reader';
export { FieldWriter, lengthOfField, lengthOfVarint } from './field-writer';
export { uuidBytes, uuidInMessage, uuidText, uuidTextInMessage } from './uuid';
