import { NextResponse } from 'next/server'
export const config = { matcher: '/about' }
export default function middleware() { const r = NextResponse.next(); r.headers.set('x-mid', '1'); return r }
