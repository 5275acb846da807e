/** Roles a person may have; the same words in tokens, approvals and the database. */
export const roles = ['scientist', 'operator', 'pi', 'ops', 'biosafety'] as const;

/** What a person may do. */
export type Role = (typeof roles)[number];
