import { parentPort, workerData } from 'node:worker_threads';
import { isDomainError } from '../../../libs/errors/domain-error';
import { InlineScience } from './science';
import type { Answer, Question } from './threaded-science';

const science = new InlineScience();

/** Answers the one question it was started with. */
async function answer(question: Question): Promise<Answer> {
  try {
    return { value: await (question.kind === 'screen' ? science.screen(question.campaign) : science.recommend(question.request, question.allowed)) }; // prettier-ignore
  } catch (error) {
    if (!isDomainError(error)) throw error;
    return { refusal: { code: error.code, message: error.message, details: error.details } };
  }
}

void answer(workerData as Question).then((result) => parentPort?.postMessage(result));
