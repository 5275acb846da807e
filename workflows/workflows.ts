/** Every workflow the worker hosts: the entry of its bundle. */
export { campaign } from './campaign/campaign.workflow';
export { round } from './round/round.workflow';
export { designStage } from './design/design.workflow';
export { buildStage } from './build/build.workflow';
export { testStage } from './test/test.workflow';
export { learnStage } from './learn/learn.workflow';
