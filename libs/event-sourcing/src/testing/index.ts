export { type Projected, projected } from './projected';
export {
  afterEachCrash,
  type Codecs,
  type Fact,
  inStream,
  type Outcome,
  type Running,
  Scenario,
} from './scenario';
