export const getServerSideProps = async () => ({ props: { n: 3 } })
export default function Old({ n }) { return <style jsx>{'p{color:red}'}</style> }
