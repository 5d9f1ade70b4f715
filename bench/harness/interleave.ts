/**
 * Measures each contender once a round, in turns: A B, B A, A B. Whatever else the machine does meanwhile, it does to all of them, and
 * none always comes first.
 */
export async function interleave<Contender>(
  contenders: readonly Contender[],
  rounds: number,
  measure: (contender: Contender, round: number) => Promise<number>,
): Promise<Map<Contender, number[]>> {
  const measured = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) measured.get(contender)?.push(await measure(contender, round));
  }
  return measured;
}
