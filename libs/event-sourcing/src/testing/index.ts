export { type Projected, projected } from './projected';
export {
  afterEachCrash,
  type Codecs,
  encodedBy,
  type Fact,
  type Given,
  inStream,
  type Outcome,
  type Running,
  Scenario,
  type When,
} from './scenario';
