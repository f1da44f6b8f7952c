/** The build without what a show of one rendition needs not; it is typed as the whole one. */
declare module "hls.js/light" {
  export { default } from "hls.js";
}
