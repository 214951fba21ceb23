/** Photos before they are sent: small enough for a request, and without the place and time a camera writes into them. */
const LONGEST_PX = 1600
const MOST_BYTES = 900_000
const QUALITIES = [0.85, 0.7, 0.5, 0.3]

/** A JPEG of at most 1600 px and 900 kB. Throws when the file is no picture this browser can read. */
export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  for (const quality of QUALITIES) {
    const made = await new Promise<Blob | null>((done) => { canvas.toBlob(done, 'image/jpeg', quality) })
    if (made && made.size <= MOST_BYTES) return made
  }
  throw new Error('too large')
}
