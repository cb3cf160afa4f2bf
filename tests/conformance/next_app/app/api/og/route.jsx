import { ImageResponse } from 'next/og'
export const dynamic = 'force-dynamic'
export const GET = () => new ImageResponse(<div style={{ display: 'flex' }}>og</div>, { width: 60, height: 30 })
