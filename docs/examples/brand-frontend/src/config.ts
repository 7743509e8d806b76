// Where the shelf is and who we are there, from the environment.
export interface Config {
  endpoint: string;
  token: string;
}

export function configFrom(env: NodeJS.ProcessEnv): Config {
  const token = env.TOKEN;
  if (!token) throw new Error('TOKEN is not set: "make run" prints one');
  return { endpoint: env.ONESHELF_URL ?? 'http://127.0.0.1:8080/graphql', token };
}
