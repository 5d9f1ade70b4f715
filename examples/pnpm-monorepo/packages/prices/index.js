/** What every app of the monorepo asks for fruit. */
export const prices = { apple: '0.40', banana: '0.25', cherry: '0.05' };
