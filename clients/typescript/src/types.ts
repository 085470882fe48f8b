// Names for the bodies and answers that people meet most. All of them are in `Schemas`, by their names in the document.

import type { components } from "./schema.js";

export type Schemas = components["schemas"];
export type Appended = Schemas["Appended"];
export type Event = Schemas["EventIn"];
export type Filter = Schemas["Filter"];
export type Item = Schemas["Item"];
export type ItemPatch = Schemas["ItemPatchBody"];
export type Problem = Schemas["Problem"];
export type PropertyValue = Schemas["PropertyValue"];
export type Query = Schemas["RecommendationsBody"];
export type RankQuery = Schemas["RankBody"];
export type Recommendations = Schemas["RecommendationsOut"];
export type Rejection = Schemas["Rejection"];
