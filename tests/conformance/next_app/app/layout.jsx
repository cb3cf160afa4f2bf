import './global.css'
export const metadata = { title: 'pretend shop' }
export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html> }
