export const generateStaticParams = () => [{ slug: 'one' }, { slug: 'two' }]
export default async function Page({ params }) { const { slug } = await params; return <h1>Post {slug}</h1> }
