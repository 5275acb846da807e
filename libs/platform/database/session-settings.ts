/**
 * Settings of every connection to PostgreSQL. All statements are short: compiling one (JIT) would take hundreds of
 * milliseconds, and the planner's estimates for functions and forced index plans are high enough to ask for it.
 */
export const sessionSettings = '-c jit=off';
