import Image from 'next/image'
import Link from 'next/link'
import Counter from './counter'
import picture from './picture.png'
export default function Page() { return <main><h1>Home</h1><Image src={picture} alt="p" /><Link href="/about">about</Link><Counter/></main> }
