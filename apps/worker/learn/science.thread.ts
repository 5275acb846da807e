import { parentPort, workerData } from 'node:worker_threads';
import { isDomainError } from '../../../libs/errors/domain-error';
import { inlineScience } from './science';
import type { Answer, Question } from './threaded-science';

/** Answers the one question it was started with. */
async function answer(question: Question): Promise<Answer> {
  try {
    return { value: await (question.kind === 'screen' ? inlineScience.screen(question.campaign) : inlineScience.recommend(question.request, question.allowed)) }; // prettier-ignore
  } catch (error) {
    if (!isDomainError(error)) throw error;
    return { refusal: { code: error.code, message: error.message, details: error.details } };
  }
}

void answer(workerData as Question).then((result) => parentPort?.postMessage(result));
