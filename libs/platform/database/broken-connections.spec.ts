import { Client } from 'pg';
import { bearBreaking } from './broken-connections';

describe('a connection that breaks', () => {
  it('may say so when nobody is listening', () => {
    const client = new Client();
    expect(() => client.emit('error', new Error('unheard'))).toThrow('unheard');
    bearBreaking(client);
    expect(() => client.emit('error', new Error('terminating connection'))).not.toThrow();
  });
});
