// Ways of fetching that fail in front of the real service.

/** Carries the first requests out and loses their answers. */
export function losesAnswers(lost: number): { fetch: typeof fetch; sent: () => number } {
  let [left, sent] = [lost, 0];
  const faulty: typeof fetch = async (input, init) => {
    sent += 1;
    const answer = await fetch(input, init);
    if (left === 0) return answer;
    left -= 1;
    await answer.arrayBuffer();
    throw new TypeError("the answer is lost");
  };
  return { fetch: faulty, sent: () => sent };
}

/** Refuses the first requests with a status, without passing them on. */
export function refuses(
  times: number,
  status: number,
  retryAfter: string,
): { fetch: typeof fetch; sent: () => number } {
  let [left, sent] = [times, 0];
  const faulty: typeof fetch = async (input, init) => {
    sent += 1;
    if (left === 0) return fetch(input, init);
    left -= 1;
    const problem = JSON.stringify({ code: "queue_full", detail: "the queue is full", status });
    return new Response(problem, { status, headers: { "retry-after": retryAfter } });
  };
  return { fetch: faulty, sent: () => sent };
}
