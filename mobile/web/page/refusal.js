/** An error whose message is meant for the user of the page. */
export class Refusal extends Error {}
