export const runtime = 'edge'
export const GET = () => Response.json({ edge: typeof EdgeRuntime })
