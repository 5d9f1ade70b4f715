const WORDS =
  'a small shop sells lamps chairs tables and books made of oak steel glass paper by people who know their craft since many years in old towns near the sea where light is soft and the wind never rests for long'.split(
    ' ',
  );

/** Text of so many characters that is the same for the same seed, and compresses as prose does. */
export function prose(seed, characters) {
  let state = [...seed].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, 7);
  let text = '';
  while (text.length < characters) {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    text += `${WORDS[state % WORDS.length]}${state % 11 === 0 ? `-${(state >>> 8).toString(36)}` : ''} `;
  }
  return text.slice(0, characters);
}
