import { headers } from 'next/headers'
export default async function Page() { const h = await headers(); return <h1>Live {h.get('x-who') ?? 'nobody'}</h1> }
