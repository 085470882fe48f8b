// Written by `npm run types` from the OpenAPI document. Do not edit.

export interface paths {
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers as long as the process can answer anything. */
        get: operations["livez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics in the Prometheus text format. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether the process can do its work, and why not. */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says what answers here, and what the caller may do. */
        get: operations["about"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the models that the caller may see. */
        get: operations["list_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says where a model stands. */
        get: operations["get_model"];
        /**
         * Makes a model, empty or as a fork of a version of another.
         * @description A fork's log begins at position 0 with the version's state, bit for bit: tables, optimiser state, histories, counters. A
         *     changed configuration is its first record. Its events train only it. The same request again is answered 200 and changes
         *     nothing. Needs a key for all models.
         */
        put: operations["put_model"];
        post?: never;
        /**
         * Deletes a model: its log, its versions, its history, and the keys that are for it alone.
         * @description It is served and learned no more when this is answered, and in other processes within about a second; its name is free.
         *     The rows are removed in the background. Needs a key for all models.
         */
        delete: operations["delete_model"];
        options?: never;
        head?: never;
        /**
         * Changes the configuration.
         * @description What is left out stays. Merged over the configuration at the head of the log and appended as a record; the answer is the
         *     model's, once the live view learns by it.
         */
        patch: operations["patch_model"];
        trace?: never;
    };
    "/v1/models/{model}/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what was served: who changed it, when, why, from what, to what. Newest first. */
        get: operations["list_deployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reads many vectors of one state.
         * @description As JSON; with `Accept: application/octet-stream` as one block of little-endian f32, items first, in the order asked, where
         *     an unknown id is a 404, since a block cannot say that a row is missing; with `Accept: application/x-safetensors` as a safetensors file
         *     with the tensors `items` and `users` of what was asked for, `[count, dim]` of F32, whose metadata hold the ids of the rows as JSON lists under the
         *     same names, and what is `missing` as in JSON.
         */
        post: operations["get_embeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the receipts of forgotten users. They name nobody. */
        get: operations["list_erasures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Pages through the log, oldest first. */
        get: operations["list_events"];
        put?: never;
        /**
         * Appends events.
         * @description Takes one event, `{"events": [...]}` with at most 10,000, or `application/x-ndjson`: a stream of any length, one event
         *     a line, appended as it arrives. The answer comes after the commit: what it counts as accepted survives a crash of
         *     the service and of its database. Of a batch the valid events are taken and the others named by index. When none is
         *     taken it is a 422 with the same counts (`nothing_taken`). A bad event posted alone is a 422, one whose id stands for
         *     another body a 409. A full queue is a 429: send again later.
         */
        post: operations["append_events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads one event by its id.
         * @description With `trace=true` the log is learned again beside the learner, from the nearest state before the event, in memory or
         *     stored, through the event's append: about a second for a recent event, up to 45 s for one long after a version. One at a time
         *     with diffs and reports. When no state lies within 1,000,000 records before the event, or the time does not suffice, it is
         *     a 409 (`trace_not_available`).
         */
        get: operations["get_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/guard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the guard: its settings, how things look to it, and what it did. */
        get: operations["get_guard"];
        /**
         * Sets the guard and arms it.
         * @description It compares the live state with a version on the same events, by a sequential test, and acts by itself once when live has
         *     fallen below it by more than `drop`. It begins anew, with the newest version as reference unless one is named: set it
         *     while the model is well.
         */
        put: operations["set_guard"];
        post?: never;
        /** Takes the guard away. */
        delete: operations["clear_guard"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/guard/rearm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Arms the guard again after it acted, with the same settings; it begins anew. */
        post: operations["rearm_guard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Pages through what the live model has vectors for: ids of items, or tokens. */
        get: operations["list_importable"];
        put?: never;
        /**
         * Puts vectors that were learned elsewhere in place of rows, so that learning goes on from them.
         * @description Takes `{"vectors": [...]}` with at most 10,000, or `application/x-ndjson`: a stream of any length, one vector a
         *     line, appended as it arrives. `values` has the model's dimension: a list of numbers, or base64 of little-endian f32.
         *     Each vector is a record of the log: it replaces the row's weights and starts its optimiser again. Ids that the live
         *     state does not know are left out and counted in `unknown`. When nothing is taken it is a 422 (`nothing_taken`).
         *     `shelfmark import` makes the vectors of a file fit.
         */
        post: operations["import_vectors"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Puts many items.
         * @description Takes `{"items": [...]}` with at most 10,000, or `application/x-ndjson`: a stream of any length, one item a line,
         *     appended as it arrives. Each item replaces what was known of it. Bad ones are named by index; when none is taken it
         *     is a 422 (`nothing_taken`).
         */
        post: operations["put_items"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/items/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an item's metadata as served; bare when only events named it. */
        get: operations["get_item"];
        /** Puts one item: its metadata, whole. */
        put: operations["put_item"];
        post?: never;
        /** Removes an item: it is never recommended again, until it is put back. */
        delete: operations["remove_item"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/items/{id}/embedding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an item's vector: as JSON, or little-endian f32 with `Accept: application/octet-stream`. */
        get: operations["get_item_embedding"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/items/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says how an item's vector came to be what it is: where it stood in the newest versions, and which steps moved it farthest.
         * @description The vector is the item's row as learned, without what its tokens and dense vectors add. Versions are read row by row, not
         *     loaded. The steps are found by learning the newest records again beside the learner; one at a time with traces and reports.
         */
        get: operations["get_item_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/items/{id}/similar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the items whose vectors point the same way, best first. */
        get: operations["similar_items"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says how learning goes: verdicts with their reasons, figures by table, lag, live quality.
         * @description Verdicts are `healthy`, `sparse`, `drifting`, `vanishing`, `exploding`, and `unknown` where too little was seen.
         */
        get: operations["get_learning"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning/bias": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says how unevenly events, places in lists and gradients are spread over popular and rare items and over categories.
         * @description Exposure is counted in the lists that live quality samples.
         */
        get: operations["get_learning_bias"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning/freeze": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Freezes learning.
         * @description Events are taken as before: they are in the log and in histories, so recommendations follow what people do. No weight,
         *     optimiser state, popularity or memory moves until learning is resumed; what came meanwhile is not learned later. A short form of
         *     `PATCH` with `{"config": {"learning": false}}` that leaves a deployment entry; frozen already, it leaves only that.
         */
        post: operations["freeze_learning"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets learning go on. */
        post: operations["resume_learning"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says what the rows look like.
         * @description The service looks every few seconds while records come; of large tables at a sample of up to 65,536 rows each.
         */
        get: operations["get_learning_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One figure of learning by position. */
        get: operations["get_learning_series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/learning/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams the figures of learning as they come.
         * @description Server-sent events of type `point`, each over 512 targets (or 64 small steps). A reader that falls 64 points behind misses the oldest and
         *     is told how many by an event of type `missed`: it never slows the learner down. At most 64 streams may be open. The stream
         *     ends when the service does.
         */
        get: operations["stream_learning"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/map": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Draws the items of a state as points of a plane.
         * @description The axes are the two principal directions of the vectors of one state, the basis. Coordinates are linear in a vector: with an
         *     equal basis a point moves only when its vector does. The items are a sample of the live state, stratified by popularity: an equal share
         *     of each power of two of their events, by a hash of their ids. Maps of several states show the same items, as far as the states have them. Equal
         *     states give equal answers.
         *
         *     A `position` where no state is kept is found by learning the log again, one at a time with traces and reports.
         */
        get: operations["get_map"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/map/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams the points of live that move.
         * @description Server-sent events of type `moves`, a few a second while records come. The first one has every point. Items that
         *     the caller does not know yet are new in the sample. At most 64 maps of a model are followed at once. The stream ends when the service does.
         */
        get: operations["stream_map"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists operations, newest first: those that run, and the newest 1,000 that ended. */
        get: operations["list_operations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/operations/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an operation: how far it is, or what came of it. */
        get: operations["get_operation"];
        put?: never;
        post?: never;
        /**
         * Cancels an operation.
         * @description Answers with the operation as it stands: `cancelled` leaves everything as it was. One that took its last step first is
         *     `done`, and one that ended before stays as it is. 202 when the work has not ended after five seconds.
         */
        delete: operations["cancel_operation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/rank": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Orders given items for a user, a session, an item, a vector, or (with none of them) by popularity. */
        post: operations["rank"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/recommendations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Recommends items for a user, a session, an item, a vector, or (with none of them) for nobody in particular.
         * @description A user never seen is no error: the session given along is used, or what is popular, and `fallback` says so.
         */
        post: operations["recommend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/recommendations/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answers many queries from one state. A query that cannot be answered fails alone. */
        post: operations["recommend_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rolls back: to a version, a position or a time, by a pin, a restore or a replay.
         * @description Readers see the old state or the new one, never a mixture, and are never refused meanwhile. A pin or a restore of a stored
         *     version is done when the answer comes (200). Anything else is made beside the learner, as an operation (202); it can be
         *     cancelled until its last step. With `dry_run` nothing changes: the answer says what would (200; when that takes longer than
         *     25 seconds, 202 with the operation that finds it out).
         */
        post: operations["rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/serving": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says what is served, and what came of it by arm.
         * @description Lists and clicks are those of this process since the arm is served; a process's metrics add up with those of others.
         */
        get: operations["get_serving"];
        /**
         * Splits readers over several states.
         * @description A user, or the session where there is no user, keeps the arm: it is drawn by a hash of the model and the id, whatever process
         *     answers, and an arm whose share grows keeps its readers. Requests of nobody in particular are split one by one; reads that
         *     are not for a reader come from the arm with the largest share. One arm of 100 percent ends a split, as pin, unpin and restore do.
         */
        put: operations["split_serving"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/unpin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Serves the live state again. */
        post: operations["unpin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads what the model holds of a user. */
        get: operations["get_user"];
        put?: never;
        post?: never;
        /**
         * Forgets a user everywhere: in the log, in every version, in memory.
         * @description One transaction takes the id out of every record and version at once, in this model and in those that share stored rows
         *     with it (forks and their bases); a salted hash takes its place. The operation's `result` has the receipt, which
         *     `GET .../erasures` keeps. Not beside a rollback (409).
         */
        delete: operations["forget_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/users/{id}/embedding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a user's vector as of now: as JSON, or little-endian f32 with `Accept: application/octet-stream`. */
        get: operations["get_user_embedding"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/users/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says how a user's own vector came to be what it is: where it stood in the newest versions, and which steps moved it farthest.
         * @description The vector is the user's row as learned, without what the history adds to a query. Otherwise as for items.
         */
        get: operations["get_user_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/users/{id}/recommendations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Recommends items for a user. */
        get: operations["recommend_for_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists versions, newest first. */
        get: operations["list_versions"];
        put?: never;
        /** Takes a version of the live state, without stopping learning or reading. */
        post: operations["take_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{from}/diff/{to}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Says what is different between two states: rows added, removed and moved by table, how far and which items moved most,
         *     how much neighbours and recommendations changed, settings and figures.
         * @description Rows are matched by id and all looked at. Neighbours are compared for a sample of 200 items and recommendations for as many
         *     users; the sample depends on ids alone, so the same diff gives the same answer. Takes a few seconds for a million items; one at a
         *     time with traces and reports.
         */
        get: operations["diff_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a version's manifest. */
        get: operations["get_version"];
        put?: never;
        post?: never;
        /** Deletes a version that nothing needs. */
        delete: operations["delete_version"];
        options?: never;
        head?: never;
        /** Changes a version's name or reason. */
        patch: operations["relabel_version"];
        trace?: never;
    };
    "/v1/models/{model}/versions/{version}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Writes the learned rows of a version, or of the live state (`live`), as a file that other programs read.
         * @description `safetensors`: one tensor `[rows, dim]` of f32, named as the table; the ids are a JSON list in the metadata under `ids`. `npz`: arrays
         *     `vectors` and `ids`. `word2vec`: its text form; ids with white space are a 422 (`not_exportable`). `jsonl`: a line
         *     `{"id", "values"}` for each row. Removed items are left out. The answer is streamed from one state, whatever is learned meanwhile; at most
         *     four exports at once.
         */
        get: operations["export_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The version of the service, for clients, and who asks. */
        About: {
            caller?: components["schemas"]["CallerOut"] | null;
            /** @description `shelfmark`. */
            name: string;
            /** @description Whether the process only reads: every write is refused. */
            read_only: boolean;
            /** @description Version of the binary. */
            version: string;
        };
        /** @description A list of items. */
        Answer: {
            fallback?: components["schemas"]["Fallback"] | null;
            /** @description Best first; with `diversity`, in the order of choice. */
            items: components["schemas"]["ScoredItem"][];
            /** @description Send it back in the events that follow from these items: it says which arm of a split made the list. */
            recommendation_id: string;
        };
        /** @description Where an answer comes from, in its body: a version's number, or `live`. May be sent back as `version`. */
        AnsweredBy: number | components["schemas"]["Live"];
        /**
         * @description What became of the records of a request.
         * @example {
         *       "accepted": 2,
         *       "duplicates": 0,
         *       "position": 4711,
         *       "rejected": [],
         *       "rejected_count": 0
         *     }
         */
        Appended: {
            /**
             * Format: int64
             * @description New records in the log.
             */
            accepted: number;
            /** @description With `wait=applied`: whether the live view held the records in time. They are durable either way. */
            applied?: boolean | null;
            /**
             * Format: int64
             * @description Events that stood there already, with the same body: nothing changed. Those that a rollback gave up are not among
             *     them: they are rejected, because nothing is learned from them.
             */
            duplicates: number;
            /**
             * @description By event of the request, in order: its id, null when it was rejected. Only when the service made ids, and not for
             *     streams.
             */
            event_ids?: (components["schemas"]["Id"] | null)[] | null;
            /** @description Last position among the request's records; the head of the log when none was taken. */
            position: components["schemas"]["Position"];
            /** @description Entries that were not taken: the first 1,000. */
            rejected: components["schemas"]["Rejection"][];
            /**
             * Format: int64
             * @description How many were not taken.
             */
            rejected_count: number;
            /**
             * Format: int64
             * @description Of vectors: how many were left out because the model does not know their row.
             */
            unknown?: number | null;
        };
        /** @description One arm and what came of it. */
        ArmStatus: components["schemas"]["ArmText"] & {
            /**
             * Format: int64
             * @description Lists of it that an event with a liked kind sent back; each counts once.
             */
            clicks: number;
            /**
             * Format: double
             * @description Clicks by lists; null without lists.
             */
            ctr?: number | null;
            /**
             * Format: int64
             * @description Lists that this process recommended from it since it is served.
             */
            lists: number;
            /** @description How the arm's lists would have done on what came next, over the newest 1,000 sampled targets of all readers. */
            quality: components["schemas"]["Quality"];
        };
        /** @description An arm as written by callers and as stored: a version or the live state. */
        ArmText: {
            /** @description `true` for the live state. */
            live?: boolean | null;
            /**
             * Format: int32
             * @description Share of the readers in percent, 1 to 100; the shares of all arms sum to 100.
             */
            percent: number;
            version?: components["schemas"]["VersionNumber"] | null;
        };
        /** @description What fixes the coordinates. */
        BasisOut: {
            /** @description Share of the variance of the items' vectors that each axis shows, 0 to 1. */
            explained: number[];
            /**
             * Format: int64
             * @description Number of items that the axes were computed from.
             */
            items: number;
            /** @description The state whose principal directions are the axes, to be sent back as `basis`: a version's number, or `@` and a position. */
            state: string;
        };
        /** @description The answer to one query of a batch. */
        BatchAnswer: components["schemas"]["Answer"] | {
            /** @description The query's own problem; the others are answered. */
            error: components["schemas"]["QueryProblem"];
        };
        /**
         * @description Queries for one state.
         * @example {
         *       "min_position": 4711,
         *       "queries": [
         *         {
         *           "limit": 5,
         *           "user": "u1"
         *         },
         *         {
         *           "item": "i9"
         *         }
         *       ]
         *     }
         */
        BatchBody: {
            /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
            min_position?: components["schemas"]["Position"];
            /**
             * @description 1 to 1,000, each as the body of a single query, without `version`, `min_position` and `timeout_ms`. Their `limit`s sum to
             *     at most 20,000, and those of queries with `with` to at most 1,000.
             */
            queries: components["schemas"]["RecommendationsBody"][];
            /**
             * Format: int64
             * @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
             */
            timeout_ms?: number;
            /** @description A version's number or label, or `live`; what is served when left out, in a split the arm with the largest share. */
            version?: string;
        };
        /** @description The answers of a batch. */
        BatchOut: {
            /** @description One a query, in order. */
            answers: components["schemas"]["BatchAnswer"][];
            /** @description Log position of the state that answered. */
            position: components["schemas"]["Position"];
            /** @description Number of the version that answered, or `live`. */
            version: components["schemas"]["AnsweredBy"];
        };
        /** @description Distribution of events, places in lists and gradients over the items met in an event. */
        BiasReport: {
            /** @description Shares by category, most gradient mass first, at most 100. */
            categories: components["schemas"]["CategoryBias"][];
            /**
             * Format: int64
             * @description Number of categories that are not listed.
             */
            categories_left_out: number;
            /** @description Shares by popularity, the most popular first. */
            deciles: components["schemas"]["DecileBias"][];
            /**
             * Format: double
             * @description Gini coefficient of events over items: 0 equal, 1 one item has all.
             */
            events_gini?: number | null;
            /**
             * Format: double
             * @description Gini coefficient of places in lists.
             */
            exposure_gini?: number | null;
            /**
             * Format: double
             * @description Gini coefficient of gradient mass.
             */
            gradient_gini?: number | null;
            /**
             * Format: int64
             * @description Number of items met in an event.
             */
            items: number;
            /**
             * Format: int64
             * @description Number of sampled lists in which exposure is counted: at most the newest 5,000.
             */
            lists: number;
            /** @description Position of the state. */
            position: components["schemas"]["Position"];
        };
        /** @description Who asks, and what they may do. */
        CallerOut: {
            /** @description Name of the key; null while there are no keys. */
            key?: string | null;
            /** @description The only model that the key is for; null for all. */
            model?: string | null;
            /** @description `read`, `write` or `admin`; each includes the ones before it. */
            scope: string;
        };
        /** @description Shares of one category. An item of `n` categories counts 1/n for each. */
        CategoryBias: {
            /** @description The category; null for items without one. */
            category?: string | null;
            /**
             * Format: double
             * @description Its share of events.
             */
            events: number;
            /**
             * Format: double
             * @description Its share of places in sampled lists.
             */
            exposure: number;
            /**
             * Format: double
             * @description Its share of gradient mass.
             */
            gradient: number;
            /**
             * Format: int64
             * @description Number of its items.
             */
            items: number;
        };
        /**
         * @description Cause of a movement.
         * @enum {string}
         */
        Cause: "target" | "history" | "competitor" | "record";
        /** @description List that changed. */
        Changed: {
            /** @description Items that are only in the list after, best first. */
            came: components["schemas"]["Id"][];
            /**
             * Format: float
             * @description Jaccard distance of the two lists: 0 the same items, 1 none in common.
             */
            churn: number;
            /** @description Items that are only in the list before, best first. */
            gone: components["schemas"]["Id"][];
            /** @description The item or user whose list it is. */
            id: components["schemas"]["Id"];
            /** @description The item's title, if it has one. */
            title?: string | null;
        };
        /** @description Churn of the lists of a sample. */
        Churn: {
            churn?: components["schemas"]["Spread"] | null;
            /**
             * Format: int64
             * @description Number of lists with another first item.
             */
            first_changed: number;
            /**
             * Format: int64
             * @description Length of a list.
             */
            k: number;
            /** @description Lists that changed most. */
            most_changed: components["schemas"]["Changed"][];
            /**
             * Format: int64
             * @description Number of compared lists: all that both states have, or a sample of 200 when there are more.
             */
            sampled: number;
            /**
             * Format: int64
             * @description Number of lists that hold the same items.
             */
            unchanged: number;
        };
        /** @description One of the two states of a diff. */
        Compared: {
            /** @description Its digest; null for the live state, whose digest is not computed. */
            digest?: string | null;
            /**
             * Format: int64
             * @description Number of events applied.
             */
            events: number;
            /**
             * Format: int64
             * @description Number of items, without removed ones.
             */
            items: number;
            /** @description The version's label. */
            label?: string | null;
            /** @description Position of the state. */
            position: components["schemas"]["Position"];
            /**
             * Format: int64
             * @description Number of users with an event.
             */
            users: number;
            /**
             * Format: int32
             * @description The version's number; null for the live state.
             */
            version?: number | null;
        };
        /**
         * @description Conditions on a property, all of which must hold. An item without the property meets only `none`. Values of
         *     different types are never equal, and only numbers meet bounds.
         */
        Condition: {
            /**
             * @description The value equals this one.
             * @default null
             */
            eq?: components["schemas"]["PropertyValue"];
            /**
             * Format: double
             * @description The value is a number greater than this one.
             * @default null
             */
            gt?: number;
            /**
             * Format: double
             * @description The value is a number greater than or equal to this one.
             * @default null
             */
            gte?: number;
            /**
             * @description The value is one of these. An empty list admits no item.
             * @default null
             */
            in?: components["schemas"]["PropertyValue"][];
            /**
             * Format: double
             * @description The value is a number less than this one.
             * @default null
             */
            lt?: number;
            /**
             * Format: double
             * @description The value is a number less than or equal to this one.
             * @default null
             */
            lte?: number;
            /**
             * @description The value is none of these.
             * @default []
             */
            none?: components["schemas"]["PropertyValue"][];
        };
        /** @description A term of the score. */
        Contribution: {
            /**
             * Format: date-time
             * @description Time of the event, where known (`event`).
             */
            at?: string | null;
            item?: components["schemas"]["Id"] | null;
            kind?: components["schemas"]["Id"] | null;
            name?: components["schemas"]["Id"] | null;
            /** @description Source of the term. */
            source: components["schemas"]["ContributionSource"];
            /**
             * Format: float
             * @description Value that the term adds to the score.
             */
            value: number;
        };
        /**
         * @description Source of a term of the score (docs/LEARNING.md defines them).
         * @enum {string}
         */
        ContributionSource: "event" | "last_item" | "user" | "context" | "vector" | "repeat" | "transition" | "bias" | "popularity" | "exploration";
        /** @description What a replay read, and what it made of it. */
        Counts: {
            /**
             * Format: int64
             * @description Events applied.
             */
            events_kept: number;
            /** @description Records left out, by why. */
            left_out: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description Records of other kinds applied.
             */
            others_kept: number;
            /**
             * Format: int64
             * @description Records looked at.
             */
            records: number;
        };
        /** @description How much a model holds. */
        CountsOut: {
            /**
             * Format: int64
             * @description Events applied.
             */
            events: number;
            /**
             * Format: int64
             * @description Items, by event or metadata.
             */
            items: number;
            /**
             * Format: int64
             * @description Users with an event. A fork counts from its base's on, here and below.
             */
            users: number;
            /**
             * Format: int64
             * @description Versions kept.
             */
            versions: number;
        };
        /** @description Shares of one decile of the items by popularity. */
        DecileBias: {
            /** @description Number of the decile; 1 is the most popular. */
            decile: number;
            /**
             * Format: double
             * @description Its share of events (decayed with a half-life of 100,000 events).
             */
            events: number;
            /**
             * Format: double
             * @description Its share of places in sampled lists.
             */
            exposure: number;
            /**
             * Format: double
             * @description Its share of gradient mass.
             */
            gradient: number;
            /**
             * Format: int64
             * @description Number of its items.
             */
            items: number;
        };
        /** @description An entry of the deployment history: a change of what is served. */
        Deployment: {
            /** @description Name of the API key that asked, or of the part of the service. */
            actor: string;
            /** @description Time of the deployment. */
            at: components["schemas"]["Timestamp"];
            /** @description Details: the arms of a split (`split`), or the numbers that made the guard act (`guard`). */
            details?: Record<string, never> | null;
            /** @description State served before: a version's number, or `live`. */
            from: components["schemas"]["Served"];
            /** @description Kind of change. */
            mode: components["schemas"]["DeploymentMode"];
            /**
             * Format: int64
             * @description Number within the model, from 1.
             */
            number: number;
            position?: components["schemas"]["Position"] | null;
            /** @description Reason given. */
            reason?: string | null;
            /** @description What is served since; for a split, the arm with the largest share. */
            to: components["schemas"]["Served"];
            version?: components["schemas"]["VersionNumber"] | null;
        };
        /**
         * @description Mode of a deployment.
         * @enum {string}
         */
        DeploymentMode: "pin" | "unpin" | "restore" | "replay" | "split" | "freeze" | "resume";
        /** @description A page of deployments. */
        DeploymentsOut: {
            /** @description Entries, newest first. */
            deployments: components["schemas"]["Deployment"][];
            /**
             * Format: int64
             * @description `cursor` of the next page; null at the end.
             */
            next_cursor?: number | null;
        };
        /** @description Origin of a derived version: one whose state is not that of the log at its position. */
        Derived: {
            /** @description Cut inside an append, which the live model learned as a whole. */
            cut: {
                /** @description Last position of the append. */
                append_last: components["schemas"]["Position"];
            };
        } | {
            /** @description The result of a replay: the log after a version, without some records. */
            replay: {
                /** @description The records that were left out. */
                except: components["schemas"]["Exclusions"];
                /** @description The version that the replay began from. */
                from: components["schemas"]["VersionNumber"];
            };
        };
        /** @description Differences of two states. */
        Diff: {
            /** @description Settings that differ. */
            configuration: components["schemas"]["Setting"][];
            /** @description The state before. */
            from: components["schemas"]["Compared"];
            /** @description Figures of the two states side by side. */
            metrics: components["schemas"]["Figure"][];
            /** @description Items whose vector moved farthest (`distance`), farthest first; `before` is `from`, `now` is `to`. */
            movers: components["schemas"]["Mover"][];
            /** @description Changes of the neighbours of sampled items. */
            neighbours: components["schemas"]["Churn"];
            /** @description Changes of the recommendations for sampled users. */
            ranks: components["schemas"]["RankChurn"];
            /** @description Learned rows by table. All rows are compared. */
            tables: components["schemas"]["TableDiff"][];
            /** @description The state after. */
            to: components["schemas"]["Compared"];
        };
        /**
         * @description Hash of a whole state (tables with optimizer state, ids, histories, counters, configuration), but not of its
         *     position. 32 hexadecimal digits as text.
         */
        Digest: string;
        /** @description What a rollback would do. */
        DryRun: {
            /** @description Of a replay: the records after its start. Of a restore: those that it would leave unapplied. */
            counts: components["schemas"]["Counts"];
            /** @description What would be different. */
            diff: components["schemas"]["Diff"];
            /** @description The live state now. */
            from: components["schemas"]["Standing"];
            /** @description How it would go about it. */
            mode: components["schemas"]["RollbackMode"];
            /** @description The state that the rollback leads to. */
            to: components["schemas"]["Standing"];
        };
        /** @description What a rollback would do. */
        DryRunOut: {
            dry_run: components["schemas"]["DryRun"];
        };
        /** @description An embedding, read from a state. */
        Embedding: {
            /** @description Number of values. */
            dim: number;
            /** @description Id of the item or user. */
            id: components["schemas"]["Id"];
            /**
             * Format: float
             * @description Euclidean norm.
             */
            norm: number;
            /** @description Position of the state that it was read from. */
            position: components["schemas"]["Position"];
            /** @description The vector, `[dim]`. */
            values: number[];
        };
        /**
         * @description Ids of the vectors to read; at most 10,000 in all.
         * @example {
         *       "items": [
         *         "i1",
         *         "i9"
         *       ],
         *       "users": [
         *         "u1"
         *       ]
         *     }
         */
        EmbeddingsBody: {
            /** @description Items, in the order wanted. */
            items?: components["schemas"]["GivenId"][];
            /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
            min_position?: components["schemas"]["Position"];
            /**
             * Format: int64
             * @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
             */
            timeout_ms?: number;
            /** @description Users, in the order wanted. */
            users?: components["schemas"]["GivenId"][];
            /** @description A version's number or label, or `live`; what is served when left out. */
            version?: string;
        };
        /** @description Many vectors of one state. */
        EmbeddingsOut: {
            /** @description Items' vectors, in the order asked, without the missing ones. */
            items: components["schemas"]["Embedding"][];
            /** @description Ids that the state does not know. */
            missing: components["schemas"]["Missing"];
            /** @description Log position of the state that answered. */
            position: components["schemas"]["Position"];
            /** @description Users' vectors, in the order asked, without the missing ones. */
            users: components["schemas"]["Embedding"][];
        };
        /** @description A log without the user. */
        ErasedLog: {
            first?: components["schemas"]["Position"] | null;
            /** @description The model. */
            model: string;
            /** @description Position of the record that makes its learners forget the user. */
            position: components["schemas"]["Position"];
            /**
             * Format: int64
             * @description Events that named the user.
             */
            records: number;
        };
        /** @description A version without the user's id. */
        ErasedVersion: {
            /** @description Its digest since. */
            after: components["schemas"]["Digest"];
            /** @description Its digest before. */
            before: components["schemas"]["Digest"];
            /** @description The model. */
            model: string;
            /** @description The version. */
            version: components["schemas"]["VersionNumber"];
        };
        /** @description What was taken out of where. Names nobody. */
        ErasureReceipt: {
            /** @description Time of the erasure. */
            at: components["schemas"]["Timestamp"];
            /** @description The logs: of this model and of those that share stored rows with it (forks). */
            logs: components["schemas"]["ErasedLog"][];
            /** @description Where in this model's log the user is forgotten. */
            position: components["schemas"]["Position"];
            /** @description The versions that held the user. */
            versions: components["schemas"]["ErasedVersion"][];
        };
        /** @description A page of receipts. */
        ErasuresOut: {
            /** @description Entries, newest first. */
            erasures: components["schemas"]["ErasureReceipt"][];
            /**
             * Format: int64
             * @description `cursor` of the next page; null at the end.
             */
            next_cursor?: number | null;
        };
        /** @description An event as stored in the log. */
        Event: {
            /** @description Circumstances such as `device:mobile`. */
            context?: string[];
            /** @description Id given by the client, or generated by the service. */
            event_id: components["schemas"]["Id"];
            /** @description The item. */
            item: components["schemas"]["Id"];
            /** @description Kind of the event, such as `click` or `purchase`. The model's configuration has its weight. */
            kind: string;
            /** @description Other properties, stored but not learned from. */
            properties?: Record<string, never> | null;
            recommendation_id?: components["schemas"]["Id"] | null;
            session?: components["schemas"]["Id"] | null;
            /** @description Time of the event by the sender's clock; the time of arrival when the sender gave none. */
            ts: components["schemas"]["Timestamp"];
            user?: components["schemas"]["Id"] | null;
            /**
             * Format: double
             * @description Quantity, price or rating, as defined by the sender; finite.
             */
            value?: number | null;
        };
        /**
         * @description An interaction of a user or a session with an item.
         * @example {
         *       "event_id": "01JD",
         *       "item": "i9",
         *       "kind": "click",
         *       "ts": "2026-11-23T10:00:00Z",
         *       "user": "u1"
         *     }
         */
        EventIn: {
            /** @description Context of the event, such as `device:mobile`; at most 32 entries of at most 256 bytes each. */
            context?: string[];
            event_id?: components["schemas"]["GivenId"] | null;
            /** @description Id of the item, 1 to 256 bytes. An unknown item is created without metadata. */
            item: components["schemas"]["GivenId"];
            /** @description Kind of event: a name that the model's configuration gives a weight, such as `click`. */
            kind: string;
            /** @description Further properties, at most 8,192 bytes of JSON; they are stored and not learned from. */
            properties?: Record<string, never> | null;
            recommendation_id?: components["schemas"]["GivenId"] | null;
            session?: components["schemas"]["GivenId"] | null;
            /**
             * Format: date-time
             * @description Time of the event: RFC 3339, or Unix seconds; the time of arrival when left out.
             */
            ts?: string | null;
            user?: components["schemas"]["GivenId"] | null;
            /**
             * Format: double
             * @description Quantity, price or rating; what it means is up to the sender.
             */
            value?: number | null;
        };
        /** @description An event with its place. */
        EventOut: components["schemas"]["Event"] & {
            /** @description Position in the log. */
            position: components["schemas"]["Position"];
            trace?: components["schemas"]["TraceOut"] | null;
        };
        /** @description Up to 10,000 events. */
        EventsBatch: {
            /** @description The events, in order. */
            events: components["schemas"]["EventIn"][];
        };
        /** @description One event or up to 10,000. */
        EventsBody: components["schemas"]["EventIn"] | components["schemas"]["EventsBatch"];
        /**
         * @description Records that a replay leaves out: those that any list names.
         *
         *     Restore records are named by `positions` only. A restore that is left out did not happen.
         */
        Exclusions: {
            /**
             * @description Events, metadata and vectors of these items.
             * @default []
             */
            items?: components["schemas"]["GivenId"][];
            /**
             * @description Events of these kinds.
             * @default []
             */
            kinds?: string[];
            /**
             * @description All records in these intervals, each `[after, through]`: the first end is exclusive, the last inclusive.
             * @default []
             */
            positions?: components["schemas"]["PositionSet"];
            /**
             * @description Events of these sessions.
             * @default []
             */
            sessions?: components["schemas"]["GivenId"][];
            /**
             * @description All records that came in with the API keys of these names.
             * @default []
             */
            sources?: string[];
            /**
             * @description Events of these users.
             * @default []
             */
            users?: components["schemas"]["GivenId"][];
        };
        /**
         * @description Fallback of an answer that is less personal than requested.
         * @enum {string}
         */
        Fallback: "session" | "popular";
        /** @description One field at fault. */
        FieldProblem: {
            /**
             * @description Stable, machine-readable reason.
             * @example out_of_range
             */
            code: string;
            /** @description What is wrong, and which values are valid. */
            detail: string;
            /**
             * @description Name as in the request, dotted for nested ones; empty for the whole body.
             * @example limit
             */
            field: string;
        };
        /** @description Figure of both states. */
        Figure: {
            /**
             * Format: double
             * @description Value after minus value before.
             */
            change?: number | null;
            /**
             * Format: double
             * @description Value before; null where it was not measured.
             */
            from?: number | null;
            /** @description Its name, with dots between levels: `quality.live.recall`. */
            name: string;
            /**
             * Format: double
             * @description Value after; null where it was not measured.
             */
            to?: number | null;
        };
        /**
         * @description Conditions on an item's metadata, all of which must hold. An empty filter admits every item; one that nothing can
         *     meet is valid and admits none. Labels and texts are compared exactly.
         * @example {
         *       "categories": {
         *         "any": [
         *           "shoes",
         *           "boots"
         *         ]
         *       },
         *       "properties": {
         *         "brand": {
         *           "eq": "Acme"
         *         },
         *         "price": {
         *           "gte": 10,
         *           "lt": 50
         *         }
         *       },
         *       "tags": {
         *         "none": [
         *           "used"
         *         ]
         *       }
         *     }
         */
        Filter: {
            /**
             * @description Condition on the categories.
             * @default {}
             */
            categories?: components["schemas"]["Labels"];
            /**
             * @description Conditions on properties, by name; at most 32.
             * @default {}
             */
            properties?: {
                [key: string]: components["schemas"]["Condition"];
            };
            /**
             * @description Condition on the tags.
             * @default {}
             */
            tags?: components["schemas"]["Labels"];
        };
        /** @description Verdict with its reason. */
        Finding: {
            /** @description The numbers that led to it, in a sentence. */
            because: string;
            /** @description The verdict. */
            verdict: components["schemas"]["Verdict"];
        };
        /** @description Origin of a fork. */
        ForkIn: {
            /**
             * @description Name of the base model.
             * @example default
             */
            model: string;
            /**
             * @description Number or label of its version; left out, or `live`, a version of its live state is taken first.
             * @example 12
             */
            version?: string;
        };
        /** @description Origin of a fork: the version of another model that is its state at position 0. */
        ForkOrigin: {
            /** @description The other model. */
            model: string;
            /**
             * Format: int32
             * @description Version of that model. It cannot be deleted while the fork exists.
             */
            version: number;
        };
        /** @description The reason for freezing or resuming. */
        FreezeBody: {
            /** @description Reason for the deployment entry, 1 to 1,024 bytes. */
            reason?: string | null;
        };
        /** @description Id: 1 to 256 bytes without control characters, or a whole number, which stands for its digits. */
        GivenId: string | number;
        /** @description Action taken by a guard. */
        GuardActed: {
            /** @description Time of the action. */
            at: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description Number of the deployment entry.
             */
            deployment: number;
            /** @description The numbers behind the action, as in the deployment entry. */
            details: Record<string, never>;
        };
        /**
         * @description Action of a guard at an alarm.
         * @enum {string}
         */
        GuardAction: "freeze" | "pin" | "restore";
        /**
         * @description What to watch, how sure to be, what to do.
         * @example {
         *       "action": "pin",
         *       "drop": 0.3,
         *       "metric": "recall",
         *       "window": 2000
         *     }
         */
        GuardBody: {
            /** @description `freeze` stops learning, `pin` serves the reference, `restore` makes the live state the reference's. */
            action: components["schemas"]["GuardAction"];
            /**
             * Format: double
             * @description The live state may fall below the reference by this part of it, 0.01 to 0.9; 0.3 when left out.
             */
            drop?: number;
            /**
             * Format: double
             * @description False alarms a sample that are accepted at most, on average, up to 0.1 / `window`; 0.000001 (one in a million samples),
             *     or 0.1 / `window` if that is less, when left out.
             */
            false_alarms?: number;
            /**
             * @description `recall` and `mrr`: of the next events of people whom the reference knows, ranked by the live state and by
             *     the reference as if it had been frozen when it was taken: with everybody's newest events, without what was learned since.
             *     `ctr`: lists with a click by lists; needs a split between the live state and a version.
             */
            metric: components["schemas"]["GuardMetric"];
            /**
             * Format: int64
             * @description No alarm before so many samples, 1 to `window`; 100, or `window` if that is less, when left out.
             */
            min_samples?: number;
            /**
             * @description Number or label of the version to measure against and return to. Left out or null: the newest one, followed by
             *     newer ones when they are older than `window` samples.
             */
            reference?: string | null;
            /**
             * Format: int64
             * @description A fall has to show within so many samples, and the reference is older than that; 50 to 1,000,000, 2,000 when left out.
             */
            window?: number;
        };
        /** @description How things look to a guard. */
        GuardFigures: {
            /**
             * Format: double
             * @description How far the way to an alarm is gone, on a scale of logarithms: 0 nothing speaks for a fall, 1 alarm.
             */
            evidence: number;
            /**
             * Format: double
             * @description The live state over the window; of `ctr` since it began, as is the reference.
             */
            live?: number | null;
            /**
             * Format: double
             * @description The reference on the same samples.
             */
            reference?: number | null;
            /**
             * Format: int64
             * @description Samples since it began.
             */
            samples: number;
            /**
             * Format: int64
             * @description Samples of the window: the newest ones.
             */
            window_samples: number;
        };
        /**
         * @description Metric of a guard.
         * @enum {string}
         */
        GuardMetric: "recall" | "mrr" | "ctr";
        /** @description Settings of a guard. */
        GuardSettings: {
            /** @description Action at an alarm. */
            action: components["schemas"]["GuardAction"];
            /**
             * Format: double
             * @description Relative fall below the reference that counts as a failure, 0.01 to 0.9.
             */
            drop: number;
            /**
             * Format: double
             * @description Greatest accepted rate of false alarms per sample: 0.000001 is one in a million samples. 1e-12 to 0.01, and at
             *     most 0.1 / `window`.
             */
            false_alarms: number;
            /** @description Metric by which the live state is compared with the reference. */
            metric: components["schemas"]["GuardMetric"];
            /**
             * Format: int64
             * @description Number of samples before the first alarm, 1 to `window`.
             */
            min_samples: number;
            reference?: components["schemas"]["VersionNumber"] | null;
            /**
             * Format: int64
             * @description Number of samples within which a fall must show; the reference is older than that. 50 to 1,000,000.
             */
            window: number;
        };
        /**
         * @description What a guard is doing.
         * @enum {string}
         */
        GuardState: "not_here" | "waiting" | "watching" | "acted";
        /** @description The guard of a model. */
        GuardStatus: components["schemas"]["GuardSettings"] & {
            acted?: components["schemas"]["GuardActed"] | null;
            /** @description Who armed it. */
            actor: string;
            /** @description Whether it will act. */
            armed: boolean;
            /** @description When. */
            armed_at: components["schemas"]["Timestamp"];
            figures?: components["schemas"]["GuardFigures"] | null;
            measured_against?: components["schemas"]["VersionNumber"] | null;
            /** @description What it is doing. */
            state: components["schemas"]["GuardState"];
        };
        /** @description Health of a model. */
        Health: components["schemas"]["Finding"] & {
            /** @description Figures of the steps before them: about 16,384 targets. */
            before: components["schemas"]["StepFigures"];
            /** @description Position of the newest step. */
            position: components["schemas"]["Position"];
            /** @description Figures of the newest steps: about 2,048 targets. */
            recent: components["schemas"]["StepFigures"];
            /** @description Health by table. */
            tables: components["schemas"]["TableHealth"][];
        };
        /** @description Id of a user, item, session or event: 1 to 256 bytes of UTF-8 without control characters. Cheap to clone. */
        Id: string;
        /** @description Rows that can be imported into. */
        ImportableRowsOut: {
            /** @description Number of values of a row. */
            dim: number;
            /** @description Their ids, in the order of the rows, which only grows at its end (until a rollback). */
            ids: components["schemas"]["Id"][];
            /** @description `from` of the next page; null at the end. */
            next_from?: number | null;
            /** @description Number of rows. */
            rows: number;
        };
        /** @description An item's metadata as stored in the log. */
        Item: {
            /** @description Whether the item may be recommended. */
            available?: boolean;
            /** @description Categories; each becomes a token. */
            categories?: string[];
            /** @description Id of the item. */
            id: components["schemas"]["GivenId"];
            /** @description Named values. `brand`, `category_id`, `year` and `price` become tokens; filters can use all of them. */
            properties?: {
                [key: string]: components["schemas"]["PropertyValue"];
            };
            /** @description Tags; each becomes a token. */
            tags?: string[];
            /** @description Longer text, stored only. */
            text?: string | null;
            /** @description Title shown to people; its first 10 words become tokens. */
            title?: string | null;
            /** @description Dense vectors by modality, such as `image`: lists of numbers, or base64 of little-endian f32. */
            vectors?: {
                [key: string]: number[];
            };
        };
        /**
         * @description An item's metadata without its id, which stands in the path.
         * @example {
         *       "categories": [
         *         "kitchen"
         *       ],
         *       "properties": {
         *         "brand": "Acme",
         *         "price": 24.5
         *       },
         *       "title": "Red kettle"
         *     }
         */
        ItemBody: {
            /** @description Whether it may be recommended; true when left out. */
            available?: boolean;
            /** @description Categories; each takes part in the vector. */
            categories?: string[];
            id?: components["schemas"]["GivenId"] | null;
            /** @description Named values; `brand`, `category_id`, `year` and `price` take part in the vector. */
            properties?: {
                [key: string]: components["schemas"]["PropertyValue"];
            };
            /** @description Tags; each takes part in the vector. */
            tags?: string[];
            /** @description Longer text, kept. */
            text?: string | null;
            /** @description Short name shown to people; its first 10 words take part in the item's vector. */
            title?: string | null;
            /**
             * @description Dense vectors of named modalities, such as `image`: lists of numbers, or base64 of little-endian f32. They take part in the
             *     item's vector. All vectors of a modality have the length of the model's first.
             */
            vectors?: {
                [key: string]: number[];
            };
        };
        /** @description Up to 10,000 items. */
        ItemsBody: {
            /** @description The items, in order. */
            items: components["schemas"]["Item"][];
        };
        /** @description Conditions on a list of labels, all of which must hold. */
        Labels: {
            /**
             * @description The item has all of these labels.
             * @default []
             */
            all?: string[];
            /**
             * @description The item has at least one of these labels. An empty list admits no item.
             * @default null
             */
            any?: string[];
            /**
             * @description The item has none of these labels. Items without labels pass.
             * @default []
             */
            none?: string[];
        };
        /** @description A movement, with the events behind it. */
        LargeStep: components["schemas"]["RowStep"] & {
            /** @description Events of the step's batch that name the item, or are of the user; at most 20. */
            events: Record<string, never>[];
        };
        /** @description The steps that moved a row farthest. */
        LargeSteps: {
            /** @description Movements after this position are counted. */
            after: components["schemas"]["Position"];
            /** @description The ten farthest movements, farthest first. */
            largest: components["schemas"]["LargeStep"][];
            /**
             * Format: int64
             * @description How often the row moved.
             */
            moved: number;
            /** @description Position of the state that the replay began from. */
            replayed_after: components["schemas"]["Position"];
            /** @description Where the live state stood. */
            through: components["schemas"]["Position"];
        };
        /**
         * @description A table that learning updates.
         * @enum {string}
         */
        LearnedTable: "items" | "last" | "users" | "tokens" | "context" | "bias" | "projections" | "small";
        /** @description The health of a model and what surrounds it. */
        Learning: components["schemas"]["Health"] & {
            /** @description Whether learning is frozen: figures and verdicts are of the steps before. */
            frozen: boolean;
            /**
             * Format: int64
             * @description Age of the oldest of them in milliseconds; 0 without lag.
             */
            lag_ms: number;
            /**
             * Format: int64
             * @description Records of the log that the live view does not hold.
             */
            lag_records: number;
            /**
             * @description Recall and mean reciprocal rank of what was recommended before events came, over the newest 1,000 sampled
             *     targets.
             */
            quality: components["schemas"]["PointQuality"];
            /**
             * Format: int64
             * @description Targets sampled since the start.
             */
            quality_sampled: number;
            survey_position?: components["schemas"]["Position"] | null;
        };
        /** @description AdaGrad learning rates. */
        LearningRates: {
            /**
             * Format: float
             * @description Item biases.
             * @default 0.10000000149011612
             */
            bias?: number;
            /**
             * Format: float
             * @description Context vectors.
             * @default 0.07000000029802322
             */
            context?: number;
            /**
             * Format: float
             * @description Log weights of history positions and of time gaps.
             * @default 0.10000000149011612
             */
            history?: number;
            /**
             * Format: float
             * @description Item vectors.
             * @default 0.07999999821186066
             */
            items?: number;
            /**
             * Format: float
             * @description Last-item vectors.
             * @default 0.07999999821186066
             */
            last?: number;
            /**
             * Format: float
             * @description Weight of the transition memory.
             * @default 0.10000000149011612
             */
            memory?: number;
            /**
             * Format: float
             * @description Projections of dense vectors.
             * @default 0.019999999552965164
             */
            modalities?: number;
            /**
             * Format: float
             * @description Weights of pool, last item and user vector.
             * @default 0.05000000074505806
             */
            parts?: number;
            /**
             * Format: float
             * @description Weights of popularity.
             * @default 0.019999999552965164
             */
            popularity?: number;
            /**
             * Format: float
             * @description Repeat terms by age and count.
             * @default 0.20000000298023224
             */
            repeat?: number;
            /**
             * Format: float
             * @description Token vectors.
             * @default 0.07000000029802322
             */
            tokens?: number;
            /**
             * Format: float
             * @description User vectors.
             * @default 0.07999999821186066
             */
            users?: number;
        };
        /**
         * @description The live state.
         * @enum {string}
         */
        Live: "live";
        /** @description Items as points. */
        MapOut: {
            basis?: components["schemas"]["BasisOut"] | null;
            /** @description Index into `category_names` of each item's first category; null where there is none. */
            categories: (number | null)[];
            /** @description Names of the categories. */
            category_names: string[];
            /** @description Ids of the items that are drawn: the sample, then those that were asked for. */
            ids: components["schemas"]["Id"][];
            /**
             * Format: byte
             * @description Coordinates: x and y of each item by turns, as base64 of little-endian f32.
             */
            points: string;
            /** @description Number of events of each item, decayed with a half-life of 100,000 events. */
            popularity: number[];
            /** @description Position of the state that is drawn. */
            position: components["schemas"]["Position"];
            /** @description The items' titles; null where there is none. */
            titles: (string | null)[];
            /**
             * Format: int64
             * @description Number of items in the state, drawn or not.
             */
            total: number;
        };
        /** @description What the live state takes in memory, as counted from its tables; see the manual for what the process takes besides. */
        MemoryOut: {
            /**
             * Format: int64
             * @description Bytes of all tables.
             */
            bytes: number;
            /** @description Figures of each table. */
            tables: components["schemas"]["TableFootprint"][];
        };
        /** @description Ids that a state does not know. */
        Missing: {
            /** @description Items. */
            items: string[];
            /** @description Users. */
            users: string[];
        };
        /**
         * @description Configuration of a model: everything that decides how it learns. States with different configurations have different
         *     digests.
         */
        ModelConfig: {
            /**
             * Format: float
             * @description Gradient clipping: a global gradient norm above this multiple of its running median is scaled down to it.
             * @default 10
             */
            clip_ratio?: number;
            /**
             * @description Whether circumstances of events and queries (`context`) take part in query vectors.
             * @default true
             */
            context?: boolean;
            /**
             * @description Dimension of embeddings; a multiple of 4.
             * @default 128
             */
            dim?: number;
            /**
             * Format: int64
             * @description Number of events learned after which idle users and sessions are evicted. They lose their rows, and are unknown
             *     when they return. 0 means never; else 1,000 to 1,000,000,000,000.
             * @default 0
             */
            drop_idle_events?: number;
            /**
             * Format: float
             * @description Strength of exploration: recommendations add `explore * N(0, 1) / sqrt(1 + events of the item)` to scores, drawn
             *     anew for each request. 0 means off.
             * @default 0
             */
            explore?: number;
            /**
             * @description Number of known items from which the softmax is sampled.
             * @default 4096
             */
            full_softmax_below?: number;
            /**
             * @description Approximate number of items, among those that compete for all targets of a step, that take and give gradients of
             *     vectors. They are drawn by importance sampling, so the gradient is unbiased. 65,536 means all.
             * @default 512
             */
            gradient_items?: number;
            /**
             * @description Number of newest events that make up a query.
             * @default 20
             */
            history?: number;
            /**
             * @description Weight of a target's loss by the event's kind, -100 to 100; events of other kinds are refused. A kind with a
             *     negative weight is a dislike: it pushes the item's score down. A kind with weight 0 changes nothing. Neither is
             *     a part of query histories, memory or popularity.
             * @default {
             *       "cart": 1,
             *       "click": 1,
             *       "favorite": 1,
             *       "like": 1,
             *       "play": 1,
             *       "purchase": 1,
             *       "rating": 1,
             *       "share": 1,
             *       "view": 1
             *     }
             */
            kinds?: {
                [key: string]: number;
            };
            /**
             * Format: float
             * @description L2 regularization of touched rows: `l2 * weight` is added to the gradient.
             * @default 0
             */
            l2?: number;
            /**
             * @description Kinds of events that are remembered for longer than the last 1,000 events of a user or session, for
             *     `exclude_seen`: up to 10,000 pairs of item and kind, the newest. Each must be one of `kinds`.
             * @default [
             *       "purchase"
             *     ]
             */
            lasting_kinds?: string[];
            /**
             * @description Whether events are learned from. While `false`, learning is frozen: events are added to histories, and new ids
             *     get rows, but nothing else changes.
             * @default true
             */
            learning?: boolean;
            /**
             * @description Whether the transition memory takes part in scores.
             * @default true
             */
            memory?: boolean;
            /**
             * @description Whether dense vectors of items (`vectors`) take part in item vectors, by learned projections.
             * @default true
             */
            modalities?: boolean;
            /**
             * @description Shared negatives of a step once the softmax is sampled.
             * @default 2048
             */
            negatives?: number;
            /**
             * @description Whether a row of vectors has one accumulator per value or one for all of its values.
             * @default adagrad
             */
            optimizer?: components["schemas"]["Optimizer"];
            /**
             * Format: float
             * @description Regularization of touched rows towards the base (L2-SP): `pull * (weight - base weight)` is added to the
             *     gradient. The base is the model as it was when `pull` was raised from 0; at 0 it is dropped. Rows added later
             *     have no base.
             * @default 0
             */
            pull?: number;
            /**
             * @description AdaGrad learning rates by table.
             * @default {
             *       "bias": 0.10000000149011612,
             *       "context": 0.07000000029802322,
             *       "history": 0.10000000149011612,
             *       "items": 0.07999999821186066,
             *       "last": 0.07999999821186066,
             *       "memory": 0.10000000149011612,
             *       "modalities": 0.019999999552965164,
             *       "parts": 0.05000000074505806,
             *       "popularity": 0.019999999552965164,
             *       "repeat": 0.20000000298023224,
             *       "tokens": 0.07000000029802322,
             *       "users": 0.07999999821186066
             *     }
             */
            rates?: components["schemas"]["LearningRates"];
            /**
             * @description Schedules of learning rates, by their names in `rates`. A rate without one is constant, because AdaGrad already
             *     slows down.
             * @default {}
             */
            schedules?: {
                [key: string]: components["schemas"]["RateSchedule"];
            };
            /**
             * Format: int64
             * @description Seed of all random numbers, together with position and step.
             * @default 0
             */
            seed?: number;
            /**
             * @description Least number of targets of a gradient step, doubled once the softmax is sampled. A step takes up to twice as
             *     many, to leave no remainder.
             * @default 64
             */
            step_targets?: number;
            /**
             * @description Whether words, categories and other metadata of items take part in item vectors.
             * @default true
             */
            tokens?: boolean;
            /**
             * Format: float
             * @description Greatest total weight of the targets of one user or session in a step. A larger total is scaled down to it.
             * @default 48
             */
            user_weight_max?: number;
        };
        /** @description Where a model stands. */
        ModelOut: {
            /** @description Its configuration, with every setting. */
            config: components["schemas"]["ModelConfig"];
            /** @description How much the live view holds. */
            counts: components["schemas"]["CountsOut"];
            /** @description Digest of the live state: its tables, histories and counters, not its position. */
            digest: components["schemas"]["Digest"];
            /** @description Numeric fingerprint of the process: states of equal fingerprints are comparable bit by bit. */
            fingerprint: string;
            fork?: components["schemas"]["ForkOrigin"] | null;
            /** @description Whether learning is frozen. */
            frozen: boolean;
            /** @description Last position of the log. */
            head: components["schemas"]["Position"];
            /**
             * Format: int64
             * @description Age of the oldest committed record that the live view does not hold; 0 without lag.
             */
            lag_ms: number;
            /**
             * Format: int64
             * @description `head - position`.
             */
            lag_records: number;
            /** @description What that takes in this process. */
            memory: components["schemas"]["MemoryOut"];
            /** @description Its name. */
            model: string;
            /** @description Where the live view stands. */
            position: components["schemas"]["Position"];
            /** @description What readers get; of a split the arm with the largest share. */
            served: components["schemas"]["Served"];
        };
        /**
         * @description Changes of a model's configuration.
         * @example {
         *       "config": {
         *         "explore": 1,
         *         "kinds": {
         *           "dislike": -1,
         *           "share": null
         *         },
         *         "rates": {
         *           "items": 0.05
         *         }
         *       }
         *     }
         */
        ModelPatch: {
            /**
             * @description The fields that change; objects are merged (RFC 7396). Null takes a field back to its default, and an entry of `kinds` or
             *     `schedules` out. `dim` cannot change.
             */
            config: components["schemas"]["ModelConfig"];
        };
        /**
         * @description A model to make.
         * @example {
         *       "config": {
         *         "pull": 0.01
         *       },
         *       "fork": {
         *         "model": "default",
         *         "version": 12
         *       }
         *     }
         */
        ModelPut: {
            /** @description Its configuration, merged (RFC 7396) over that of the forked version, or over the defaults. `dim` of a fork is its base's. */
            config?: components["schemas"]["ModelConfig"];
            /** @description What it is forked from; left out, the model begins empty. */
            fork?: components["schemas"]["ForkIn"];
        };
        /** @description All models. */
        ModelsOut: {
            /** @description By name. */
            models: components["schemas"]["ModelOut"][];
        };
        /** @description Row that the step moved. */
        MovedRow: {
            /**
             * Format: float
             * @description Norm of its gradient after clipping, computed from the growth of its accumulators.
             */
            gradient_norm: number;
            id?: components["schemas"]["Id"] | null;
            /**
             * Format: float
             * @description Euclidean distance of its vectors before and after.
             */
            moved: number;
            /**
             * Format: float
             * @description Its norm after the step.
             */
            norm_after: number;
            /**
             * Format: float
             * @description Its norm before the step.
             */
            norm_before: number;
            /** @description Role of the row for the event. */
            part: components["schemas"]["Part"];
            /** @description Its table. */
            table: components["schemas"]["LearnedTable"];
            /** @description The item's title, if it has one. */
            title?: string | null;
        };
        /** @description Item whose vector moved. */
        Mover: {
            /**
             * Format: float
             * @description Cosine of the two vectors.
             */
            cosine: number;
            /**
             * Format: float
             * @description Euclidean distance of the two vectors.
             */
            distance: number;
            /** @description The item. */
            item: components["schemas"]["Id"];
            /**
             * Format: float
             * @description Norm of its vector in the version.
             */
            norm_before: number;
            /**
             * Format: float
             * @description Norm of its vector now.
             */
            norm_now: number;
            /**
             * Format: float
             * @description Distance over the norm of the longer vector: 0 unmoved, 2 reversed.
             */
            relative: number;
            /** @description Its title, if it has one. */
            title?: string | null;
        };
        /** @description Points that moved. */
        MovesOut: {
            /** @description Ids of the items. */
            ids: components["schemas"]["Id"][];
            /**
             * Format: byte
             * @description Coordinates: x and y of each item by turns, as base64 of little-endian f32.
             */
            points: string;
            /** @description Position of the state that they are of; also the event's id. */
            position: components["schemas"]["Position"];
        };
        /** @description Item near the event's item, before or after the step. */
        Neighbour: {
            /** @description The item. */
            id: components["schemas"]["Id"];
            /** @description Rank among all items after the step, from 1; null beyond 50. */
            place_after?: number | null;
            /** @description Rank among all items before the step, from 1; null beyond 50. */
            place_before?: number | null;
            /**
             * Format: float
             * @description Cosine after the step.
             */
            similarity_after: number;
            /**
             * Format: float
             * @description Cosine before the step.
             */
            similarity_before: number;
            /** @description Its title, if it has one. */
            title?: string | null;
        };
        /** @description Work that takes longer than a request. */
        Operation: {
            /** @description Name of the API key or part of the service that requested it. */
            actor: string;
            /** @description Time when it began. */
            created_at: components["schemas"]["Timestamp"];
            /** @description Reason of a failure. */
            error?: string | null;
            /**
             * Format: double
             * @description Estimated remaining time in seconds; absent when it is unknown.
             */
            eta_s?: number | null;
            finished_at?: components["schemas"]["Timestamp"] | null;
            /** @description Its id. */
            id: components["schemas"]["OperationId"];
            /** @description Kind of work: `pin`, `restore`, `replay`, `dry_run`, ... */
            kind: string;
            /**
             * Format: double
             * @description Share of the work that is done, 0 to 1.
             */
            progress: number;
            /** @description Result, once it is done. */
            result?: Record<string, never> | null;
            /** @description Its state. */
            state: components["schemas"]["OperationState"];
            /** @description Time of the last heartbeat of its process. */
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description Id of an operation: a UUID of version 7, so that ids sort by the time of creation. */
        OperationId: string;
        /** @description One operation. */
        OperationOut: {
            /** @description The operation in its current state. */
            operation: components["schemas"]["Operation"];
        };
        /**
         * @description State of an operation.
         * @enum {string}
         */
        OperationState: "running" | "done" | "failed" | "cancelled";
        /** @description A page of operations. */
        OperationsOut: {
            next_cursor?: components["schemas"]["OperationId"] | null;
            /** @description Entries, newest first. */
            operations: components["schemas"]["Operation"][];
        };
        /**
         * @description Layout of AdaGrad accumulators.
         * @enum {string}
         */
        Optimizer: "adagrad" | "row_wise_adagrad";
        /**
         * @description Role of a row for the event.
         * @enum {string}
         */
        Part: "item" | "user" | "last" | "history" | "token" | "context" | "other";
        /** @description One point of a series. */
        PointOut: {
            /** @description Position of the last record of its last step. */
            position: components["schemas"]["Position"];
            /**
             * Format: double
             * @description The figure over its steps; null where nothing was measured.
             */
            value?: number | null;
        };
        /** @description Live quality as of a point. */
        PointQuality: {
            /** @description Quality of the live view. */
            live: components["schemas"]["Quality"];
            /**
             * @description Quality of one list for everybody, of what is popular in the live view: the baseline. Its `novel_` figures are not
             *     measured.
             */
            popularity: components["schemas"]["Quality"];
            /** @description Quality of the served view. */
            served: components["schemas"]["Quality"];
        };
        /**
         * Format: int64
         * @description Position of a record in its model's log: dense, from 1, in commit order (P3). 0 is before the first record.
         */
        Position: number;
        /** @description Positions as disjoint, ascending intervals. Adjacent intervals are merged, empty ones dropped. */
        PositionSet: number[][];
        /** @description An error: `application/problem+json` (RFC 9457). */
        Problem: {
            /**
             * Format: int64
             * @description 0 when entries came and none was taken, as in the answer to an append.
             */
            accepted?: number | null;
            /**
             * @description Stable, machine-readable name of the kind.
             * @example invalid
             */
            code: string;
            /** @description Explanation of this occurrence. */
            detail: string;
            /**
             * Format: int64
             * @description 0, likewise.
             */
            duplicates?: number | null;
            /** @description Fields whose values break their rules. */
            errors?: components["schemas"]["FieldProblem"][];
            position?: components["schemas"]["Position"] | null;
            /** @description The first 1,000 of them. */
            rejected?: components["schemas"]["Rejection"][];
            /**
             * Format: int64
             * @description How many entries were not taken.
             */
            rejected_count?: number | null;
            /** @description Id of the request, as in the `x-request-id` header and the service's log. */
            request_id: string;
            running?: components["schemas"]["RunningRollback"] | null;
            /**
             * Format: int32
             * @description HTTP status code.
             * @example 422
             */
            status: number;
            stream?: components["schemas"]["Appended"] | null;
            /** @description The kind in words. */
            title: string;
            /**
             * @description URI of the kind of problem.
             * @example /docs#invalid
             */
            type: string;
            /**
             * Format: int64
             * @description Of vectors: how many were left out because the model does not know their row.
             */
            unknown?: number | null;
        };
        /** @description Value of a property. */
        PropertyValue: boolean | number | string;
        /** @description Recall and mean reciprocal rank of a window. */
        Quality: {
            /**
             * Format: double
             * @description MRR@20: mean of 1 / rank, 0 beyond 20.
             */
            mrr?: number | null;
            /**
             * Format: double
             * @description MRR@20 of new targets, in lists without the subject's own items.
             */
            novel_mrr?: number | null;
            /**
             * Format: double
             * @description Recall@20 of new targets, in lists without the subject's own items.
             */
            novel_recall?: number | null;
            /**
             * Format: int64
             * @description Number of targets in the window that were new to their subject.
             */
            novel_targets: number;
            /**
             * Format: double
             * @description Recall@20: share of targets among the first 20.
             */
            recall?: number | null;
            /**
             * Format: int64
             * @description Number of targets in the window.
             */
            targets: number;
        };
        /** @description Quantiles of some values. */
        Quantiles: {
            /**
             * Format: float
             * @description Maximum.
             */
            max: number;
            /**
             * Format: float
             * @description 10th percentile.
             */
            p10: number;
            /**
             * Format: float
             * @description Median.
             */
            p50: number;
            /**
             * Format: float
             * @description 90th percentile.
             */
            p90: number;
            /**
             * Format: float
             * @description 99th percentile.
             */
            p99: number;
        };
        /** @description A problem of one query, as it would be told if that were asked alone. */
        QueryProblem: {
            /**
             * @description Stable, machine-readable name of the kind.
             * @example invalid
             */
            code: string;
            /** @description Explanation of this occurrence. */
            detail: string;
            /** @description Fields whose values break their rules. */
            errors?: components["schemas"]["FieldProblem"][];
            /**
             * @description Index of the query, from 0.
             * @example 3
             */
            index: number;
            /**
             * Format: int32
             * @description HTTP status that it would have alone.
             * @example 422
             */
            status: number;
        };
        /**
         * @description For whom, and which items.
         * @example {
         *       "context": [
         *         "device:mobile"
         *       ],
         *       "items": [
         *         "i3",
         *         "i9",
         *         "i4"
         *       ],
         *       "user": "u1"
         *     }
         */
        RankBody: {
            /** @description Context as in events; at most 32 entries of at most 256 bytes each. */
            context?: string[];
            /** @description An item that somebody looks at. Alone. */
            item?: components["schemas"]["GivenId"];
            /** @description The items to order, 1 to 1,000. */
            items: components["schemas"]["GivenId"][];
            /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
            min_position?: components["schemas"]["Position"];
            /** @description Items of a visit, oldest first; at most 1,000. */
            session?: components["schemas"]["GivenId"][];
            /** @description Id of a session, as its events name it, 1 to 256 bytes. */
            session_id?: components["schemas"]["GivenId"];
            /**
             * Format: int64
             * @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
             */
            timeout_ms?: number;
            /** @description A user, by their history. With `session` or `session_id` beside it, that one is used when the user is unknown. */
            user?: components["schemas"]["GivenId"];
            /** @description A vector of the model's dimension. Alone. */
            vector?: number[];
            /** @description A version's number or label, or `live`; what is served when left out. */
            version?: string;
            /** @description What to add to each item: `item` (metadata), `embedding`, `explanation` (what its score is made of). */
            with?: string[];
        };
        /** @description Churn of the recommendations of a sample. */
        RankChurn: components["schemas"]["Churn"] & {
            at?: components["schemas"]["Timestamp"] | null;
        };
        /** @description The items in their order, all scored by one state. */
        RankOut: {
            fallback?: components["schemas"]["Fallback"] | null;
            /** @description Best first, each once. */
            items: components["schemas"]["ScoredItem"][];
            /** @description Log position of the state that answered. */
            position: components["schemas"]["Position"];
            /** @description Send it back in the events that follow from these items: it says which arm of a split made the list. */
            recommendation_id: string;
            /** @description Those that the state does not know or that may not be recommended: removed or not available. In order, each once. */
            unknown: components["schemas"]["Id"][];
            /** @description Number of the version that answered, or `live`. */
            version: components["schemas"]["AnsweredBy"];
        };
        /** @description Factor of a learning rate as a function of the number `n` of events learned. */
        RateSchedule: {
            /** @enum {string} */
            shape: "constant";
        } | {
            /**
             * Format: int64
             * @description Events after which the factor is `1 / sqrt(2)`.
             */
            events: number;
            /** @enum {string} */
            shape: "inverse_root";
        } | {
            /**
             * Format: int64
             * @description Events of one period.
             */
            events: number;
            /**
             * Format: float
             * @description Factor at the end of a period, 0 to 1.
             */
            floor: number;
            /** @enum {string} */
            shape: "cosine_restarts";
        };
        /** @description Whether the process can do its work. */
        Ready: {
            /** @description Notes for operators that do not affect readiness: learning is frozen, a guard acted. */
            notes: string[];
            /** @description Whether its work is to read only: it follows what other processes write. */
            read_only: boolean;
            /** @description Whether the process can do its work. */
            ready: boolean;
            /** @description Reasons why it cannot; empty when it can. */
            reasons: string[];
        };
        /**
         * @description For whom, how many, and which not.
         * @example {
         *       "diversity": 0.3,
         *       "exclude_seen": [
         *         "purchase"
         *       ],
         *       "filter": {
         *         "properties": {
         *           "price": {
         *             "lt": 50
         *           }
         *         }
         *       },
         *       "limit": 20,
         *       "user": "u1",
         *       "with": [
         *         "item"
         *       ]
         *     }
         */
        RecommendationsBody: {
            /**
             * @description Circumstances as in events, such as `device:mobile` or `query:running shoes`; at most 32. Those that no event has
             *     named say nothing.
             */
            context?: string[];
            /**
             * Format: float
             * @description How much likeness to items above counts against an item (MMR): 0 (the default) not at all, 1 nothing else counts.
             */
            diversity?: number;
            /** @description Items never wanted; at most 10,000. */
            exclude?: components["schemas"]["GivenId"][];
            /** @description Leave out items of the subject's history: all, none (default), or those met by some kinds of event. */
            exclude_seen?: components["schemas"]["Seen"];
            /** @description Which items may be answered, by their metadata; applied before ranking. */
            filter?: components["schemas"]["Filter"];
            /** @description An item that somebody looks at: what goes with it, without itself. Alone. */
            item?: components["schemas"]["GivenId"];
            /** @description Number of items, 1 to 1,000; 20 when left out. */
            limit?: number;
            /**
             * @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. In a
             *     batch: beside `queries`.
             */
            min_position?: components["schemas"]["Position"];
            /** @description Items of a visit, oldest first; at most 1,000. */
            session?: components["schemas"]["GivenId"][];
            /** @description Id of a session, as its events name it, 1 to 256 bytes. */
            session_id?: components["schemas"]["GivenId"];
            /**
             * Format: int64
             * @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. In a batch: beside `queries`.
             */
            timeout_ms?: number;
            /** @description A user, by their history. With `session` or `session_id` beside it, that one is used when the user is unknown. */
            user?: components["schemas"]["GivenId"];
            /** @description A vector of the model's dimension. Alone. */
            vector?: number[];
            /** @description A version's number or label, or `live`; what is served when left out. In a batch: beside `queries`. */
            version?: string;
            /** @description What to add to each item: `item` (metadata), `embedding`, `explanation` (what its score is made of). */
            with?: string[];
        };
        /** @description Items, best first, all scored by one state. */
        RecommendationsOut: {
            fallback?: components["schemas"]["Fallback"] | null;
            /** @description Best first; with `diversity`, in the order of choice. */
            items: components["schemas"]["ScoredItem"][];
            /** @description Log position of the state that answered. */
            position: components["schemas"]["Position"];
            /** @description Send it back in the events that follow from these items: it says which arm of a split made the list. */
            recommendation_id: string;
            /** @description Number of the version that answered, or `live`. */
            version: components["schemas"]["AnsweredBy"];
        };
        /** @description A record with its place. */
        RecordOut: Record<string, never> & {
            /** @description Time of the commit. */
            appended_at: components["schemas"]["Timestamp"];
            /** @description Position in the log. */
            position: components["schemas"]["Position"];
            source?: components["schemas"]["Id"] | null;
        };
        /** @description A page of the log. */
        RecordsOut: {
            next_after?: components["schemas"]["Position"] | null;
            /** @description Oldest first. */
            records: components["schemas"]["RecordOut"][];
        };
        /** @description An entry that was not taken. */
        Rejection: {
            /**
             * @description Stable, machine-readable reason.
             * @example unknown_kind
             */
            code: string;
            /** @description What is wrong, and which values are valid. */
            detail: string;
            /**
             * @description The field at fault; empty for the whole entry.
             * @example kind
             */
            field: string;
            /**
             * Format: int64
             * @description Its place in the request, from 0; of a stream: the line, from 0.
             */
            index: number;
        };
        /**
         * @description New name and reason of a version; null takes one away, left out keeps it.
         * @example {
         *       "label": "good",
         *       "reason": null
         *     }
         */
        RelabelBody: {
            /** @description Name, unique within the model. */
            label?: string | null;
            /** @description Reason, 1 to 1,024 bytes. */
            reason?: string | null;
        };
        /**
         * @description The target of a rollback, and its mode.
         * @example {
         *       "mode": "restore",
         *       "reason": "bots bought everything",
         *       "to": {
         *         "label": "before-sale"
         *       }
         *     }
         */
        RollbackBody: {
            /** @description Whether to report only what the rollback would do, and change nothing. */
            dry_run?: boolean;
            /** @description What a replay leaves out; only with `replay`. */
            except?: components["schemas"]["Exclusions"];
            /**
             * @description `pin`: readers see the state until unpinned, the learner goes on at the head. `restore`: the state is the model's at
             *     once, learning goes on from it with new records, the records in between stay unapplied. `replay`: the log after
             *     the state is applied again without the records that `except` names; readers see the head until that is done.
             * @example restore
             */
            mode: string;
            /** @description Reason for the deployment entry, 1 to 1,024 bytes. */
            reason?: string | null;
            /** @description The target: exactly one of its fields. */
            to: components["schemas"]["RollbackTargetBody"];
        };
        /**
         * @description Mode of a rollback.
         * @enum {string}
         */
        RollbackMode: "pin" | "restore" | "replay";
        /** @description The answer to a rollback that is done. */
        RollbackOut: components["schemas"]["Deployment"] | components["schemas"]["DryRunOut"];
        /** @description A state: a version by number or label, or the log's at a position or a time. */
        RollbackTargetBody: {
            /** @description A version by label. */
            label?: string | null;
            /**
             * Format: int64
             * @description The state right after the record at this position; 0 is the state before the first.
             */
            position?: number | null;
            time?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int32
             * @description A version by number.
             */
            version?: number | null;
        };
        /** @description How a row came to be what it is. */
        RowHistory: {
            /** @description The item, or the user. */
            id: string;
            /** @description In the live state. */
            now: components["schemas"]["RowNow"];
            steps?: components["schemas"]["LargeSteps"] | null;
            /** @description The table of the row. */
            table: components["schemas"]["LearnedTable"];
            /** @description The item's title, if it has one. */
            title?: string | null;
            /** @description In the newest versions, oldest first. */
            versions: components["schemas"]["RowInVersion"][];
        };
        /** @description A row in one version. */
        RowInVersion: {
            /**
             * Format: float
             * @description Cosine to the vector of now.
             */
            cosine_to_now?: number | null;
            /**
             * Format: float
             * @description Distance from the vector in the version listed before that has it.
             */
            distance?: number | null;
            /**
             * @description Whether the version has the row under the number that it has now. False before the row came, and in a version of
             *     another line that numbers its rows differently.
             */
            found: boolean;
            /** @description Its name. */
            label?: string | null;
            /**
             * Format: float
             * @description Length of the vector.
             */
            norm?: number | null;
            /** @description Where it stands. */
            position: components["schemas"]["Position"];
            /** @description When it was taken. */
            taken_at: components["schemas"]["Timestamp"];
            /**
             * Format: int32
             * @description The version.
             */
            version: number;
        };
        /** @description The row of now. */
        RowNow: {
            /**
             * Format: float
             * @description Distance from the newest version that has the row.
             */
            distance?: number | null;
            /**
             * Format: float
             * @description Length of the vector.
             */
            norm: number;
            /** @description Where the live state stands. */
            position: components["schemas"]["Position"];
        };
        /** @description Movement of a row. */
        RowStep: {
            /** @description Cause of the movement; the first that applies. */
            cause: components["schemas"]["Cause"];
            /** @description Whether the step's gradient was clipped. */
            clipped: boolean;
            /**
             * Format: float
             * @description Cosine of the vectors before and after.
             */
            cosine: number;
            /**
             * Format: float
             * @description Euclidean distance of the vectors before and after.
             */
            distance: number;
            /**
             * @description Position of the first record of the step's batch, or of the first record that can have caused a movement between
             *     steps.
             */
            first: components["schemas"]["Position"];
            /** @description Position of the last such record. */
            last: components["schemas"]["Position"];
            /**
             * Format: double
             * @description Mean loss of the step's targets in nats.
             */
            loss?: number | null;
            /**
             * Format: int64
             * @description Number of those targets that belong to the item or user.
             */
            own_targets: number;
            /**
             * Format: int64
             * @description Number of targets of the step.
             */
            targets: number;
        };
        /** @description What the rows look like: lengths, distance from the newest version, items that moved most, and those that lie still. */
        RowSurveyOut: {
            survey?: components["schemas"]["Survey"] | null;
        };
        /**
         * @description A vector to import, as stored in the log.
         * @example {
         *       "id": "i9",
         *       "into": "items",
         *       "values": [
         *         0.12,
         *         -0.03,
         *         0.4,
         *         0
         *       ]
         *     }
         */
        RowVector: {
            /** @description Id of the item, or the token. */
            id: components["schemas"]["GivenId"];
            /** @description The table to import into. */
            into: components["schemas"]["VectorTable"];
            /** @description The vector. */
            values: components["schemas"]["VectorValues"];
        };
        /** @description A rollback that runs. */
        RunningRollback: {
            /** @description Who asked for it. */
            actor: string;
            /** @description `pin`, `unpin`, `split`, `restore`, `replay` or `dry_run`. */
            kind: string;
            operation?: components["schemas"]["OperationId"] | null;
            /** @description When it began. */
            since: components["schemas"]["Timestamp"];
        };
        /** @description An item of an answer. */
        ScoredItem: {
            embedding?: components["schemas"]["Embedding"] | null;
            /** @description Terms of the score, largest first, when requested. */
            explanation?: components["schemas"]["Contribution"][] | null;
            /** @description Id of the item. */
            id: components["schemas"]["Id"];
            item?: components["schemas"]["Item"] | null;
            /**
             * Format: float
             * @description Score: higher is better; comparable within one answer.
             */
            score: number;
        };
        /** @description Which of the subject's own items are left out. */
        Seen: boolean | string[];
        /** @description A figure by position. */
        SeriesOut: {
            /** @description The figure. */
            metric: string;
            next_after?: components["schemas"]["Position"] | null;
            /** @description Oldest first; each stands for 512 targets, or for 64 steps where steps are small. */
            points: components["schemas"]["PointOut"][];
            /** @description The table, or `all`. */
            table: string;
        };
        /** @description State that answers readers. */
        Served: "live" | {
            /** @description A pinned version. */
            version: components["schemas"]["VersionNumber"];
        };
        /**
         * @description Split of readers over states.
         * @example {
         *       "reason": "canary",
         *       "split": [
         *         {
         *           "percent": 10,
         *           "version": 12
         *         },
         *         {
         *           "live": true,
         *           "percent": 90
         *         }
         *       ]
         *     }
         */
        ServingBody: {
            /** @description Reason for the deployment entry, 1 to 1,024 bytes. */
            reason?: string | null;
            /** @description 1 to 8 different states whose shares sum to 100. */
            split: components["schemas"]["ArmText"][];
        };
        /** @description Deployment of a model: the arms that readers are split over. */
        ServingOut: {
            /** @description The arms; one of 100 percent without a split. */
            arms: components["schemas"]["ArmStatus"][];
        };
        /** @description Setting that differs. */
        Setting: {
            /** @description Its name, with dots between levels: `rates.items`. */
            field: string;
            /** @description Its value before; null where there was none. */
            from: Record<string, never>;
            /** @description Its value after; null where there is none. */
            to: Record<string, never>;
        };
        /** @description Items whose vectors point the same way. */
        SimilarOut: {
            /** @description Most similar first; the score is the cosine. */
            items: components["schemas"]["ScoredItem"][];
            /** @description Log position of the state that answered. */
            position: components["schemas"]["Position"];
            /** @description Number of the version that answered, or `live`. */
            version: components["schemas"]["AnsweredBy"];
        };
        /** @description Mean and quantiles of some values. */
        Spread: components["schemas"]["Quantiles"] & {
            /**
             * Format: double
             * @description The mean.
             */
            mean: number;
        };
        /** @description Where a state stands. */
        Standing: {
            /** @description Its digest. */
            digest: components["schemas"]["Digest"];
            /** @description Last position that it took into account. */
            position: components["schemas"]["Position"];
            /**
             * Format: int32
             * @description The stored version that it is, if it is one.
             */
            version?: number | null;
        };
        /** @description Figures of some steps. */
        StepFigures: {
            /**
             * Format: int64
             * @description Number of steps whose gradient was clipped.
             */
            clipped: number;
            /**
             * Format: double
             * @description Norm of the whole gradient before clipping (root mean square over steps).
             */
            gradient_norm?: number | null;
            /**
             * Format: double
             * @description Mean loss of a target in nats.
             */
            loss?: number | null;
            /**
             * Format: double
             * @description Mean loss over the loss of a random guess among the known items: 1 is no better than chance.
             */
            loss_to_chance?: number | null;
            /**
             * Format: int64
             * @description Number of steps that were dropped because a number was not finite.
             */
            quarantined: number;
            /**
             * Format: int64
             * @description Number of steps.
             */
            steps: number;
            /**
             * Format: int64
             * @description Number of targets learned from.
             */
            targets: number;
        };
        /** @description Item whose vector is untouched or stale. */
        StillRow: {
            /** @description The item. */
            item: components["schemas"]["Id"];
            /** @description Its title, if it has one. */
            title?: string | null;
            touched_at?: components["schemas"]["Position"] | null;
        };
        /** @description The data of one event. */
        StreamPoint: components["schemas"]["StepFigures"] & {
            /** @description Position of the last record of its last step; also the event's id. */
            position: components["schemas"]["Position"];
            /** @description Live quality when the point closed. */
            quality: components["schemas"]["PointQuality"];
            /** @description Figures of each table. */
            tables: components["schemas"]["TableFigures"][];
        };
        /** @description Survey of the rows of a state. */
        Survey: {
            /** @description Items that moved most since the version, farthest first. */
            most_changed: components["schemas"]["Mover"][];
            /** @description Position of the state. */
            position: components["schemas"]["Position"];
            /** @description Items whose vector had no gradient in the last 100,000 records, at most 50. */
            stale: components["schemas"]["StillRow"][];
            /** @description Survey by table. */
            tables: components["schemas"]["TableSurvey"][];
            /** @description Items met in an event whose vector never had a gradient, at most 50. */
            untouched: components["schemas"]["StillRow"][];
            /**
             * Format: int32
             * @description The version that rows were compared with.
             */
            version?: number | null;
            version_position?: components["schemas"]["Position"] | null;
        };
        /** @description Differences of the rows of one table. */
        TableDiff: {
            /**
             * Format: int64
             * @description Number of rows whose id is only in the state after.
             */
            added: number;
            distance?: components["schemas"]["Spread"] | null;
            /**
             * Format: int64
             * @description Number of rows of both states whose values differ in any bit.
             */
            moved: number;
            relative?: components["schemas"]["Spread"] | null;
            /**
             * Format: int64
             * @description Number of rows whose id is only in the state before.
             */
            removed: number;
            /**
             * Format: int64
             * @description Number of rows before.
             */
            rows_from: number;
            /**
             * Format: int64
             * @description Number of rows after.
             */
            rows_to: number;
            /** @description The table. */
            table: components["schemas"]["LearnedTable"];
        };
        /** @description Figures of one table over some steps. */
        TableFigures: {
            /**
             * Format: double
             * @description Norm of the gradient after clipping. This and the following figures are over measured steps.
             */
            clipped_gradient_norm?: number | null;
            /**
             * Format: double
             * @description Norm of the gradient before clipping (root mean square over steps).
             */
            gradient_norm?: number | null;
            /**
             * Format: double
             * @description Norm of the update over the norm of the gradient after clipping: the equivalent rate of plain gradient descent.
             */
            learning_rate?: number | null;
            /**
             * Format: double
             * @description Mean number of rows with a gradient in a step.
             */
            rows?: number | null;
            /**
             * Format: double
             * @description Share of rows in the gradient that did not move, because it was 0 or too small.
             */
            still_share?: number | null;
            /** @description The table. */
            table: components["schemas"]["LearnedTable"];
            /**
             * Format: double
             * @description Norm of the update.
             */
            update_norm?: number | null;
            /**
             * Format: double
             * @description Norm of the update over the norm of the updated rows.
             */
            update_ratio?: number | null;
            /**
             * Format: double
             * @description Norm of all updated rows together.
             */
            weight_norm?: number | null;
        };
        /** @description Memory taken by one table. */
        TableFootprint: {
            /**
             * Format: int64
             * @description Bytes of all rows, including accumulators, row hashes and the containers around them.
             */
            bytes: number;
            /**
             * Format: int64
             * @description Number of rows, including free ones.
             */
            rows: number;
            /** @description Name of the table. */
            table: string;
        };
        /** @description Health of one table. */
        TableHealth: components["schemas"]["Finding"] & components["schemas"]["TableFigures"] & {
            survey?: components["schemas"]["TableSurvey"] | null;
        };
        /** @description Survey of one table. Counts are of sampled rows. */
        TableSurvey: {
            /**
             * Format: double
             * @description Events learned so far per met row.
             */
            events_per_row?: number | null;
            /**
             * Format: int64
             * @description Number of sampled rows that learning can have met: items of an event, tokens of such items, all rows of other
             *     tables.
             */
            met: number;
            moved?: components["schemas"]["Quantiles"] | null;
            norms?: components["schemas"]["Quantiles"] | null;
            /**
             * Format: int64
             * @description Number of rows of the table.
             */
            rows: number;
            /**
             * Format: int64
             * @description Number of sampled rows.
             */
            sampled: number;
            /**
             * Format: int64
             * @description Number of met rows that had a gradient, but not in the last 100,000 records.
             */
            stale: number;
            /** @description The table. */
            table: components["schemas"]["LearnedTable"];
            /**
             * Format: int64
             * @description Number of met rows that never had a gradient.
             */
            untouched: number;
        };
        /**
         * @description Name and reason of a new version.
         * @example {
         *       "label": "before-sale",
         *       "reason": "prices change tonight"
         *     }
         */
        TakeBody: {
            /** @description Name, unique within the model: 1 to 128 bytes, not a number. */
            label?: string | null;
            /** @description Reason for taking it, 1 to 1,024 bytes. */
            reason?: string | null;
        };
        /**
         * Format: date-time
         * @description A time in whole microseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999.
         *
         *     Serialized as RFC 3339. Parsed from RFC 3339 or from Unix seconds, whole or with a fraction.
         */
        Timestamp: string;
        /** @description Trace of an event: the step that learned it. */
        Trace: {
            /** @description Position of the first record of the step's batch. */
            batch_first: components["schemas"]["Position"];
            /** @description Position of the last record of the step's batch. */
            batch_last: components["schemas"]["Position"];
            /**
             * Format: double
             * @description Norm of the whole gradient after clipping.
             */
            clipped_gradient_norm: number;
            /** @description Whether the item had been met before the batch. The first event of an item trains vectors only. */
            known: boolean;
            /** @description Neighbours of the item whose similarity changed most, largest change first. */
            neighbours: components["schemas"]["Neighbour"][];
            /**
             * Format: int64
             * @description Number of the step in the batch, from 0. A batch is one step unless a basket is very large.
             */
            number: number;
            /** @description The event's own rows, then those that moved most; at most 100. */
            rows: components["schemas"]["MovedRow"][];
            /**
             * Format: int64
             * @description Number of rows that the step moved.
             */
            rows_moved: number;
            /** @description Figures of the step. */
            step: components["schemas"]["StepFigures"];
            /** @description Figures by table. */
            tables: components["schemas"]["TableFigures"][];
            /**
             * Format: float
             * @description Weight of the event's target; negative for a dislike.
             */
            weight: number;
        };
        /** @description What an event did, found by learning the records around it again. */
        TraceOut: components["schemas"]["Trace"] & {
            /** @description Position of the state that the replay began from. */
            replayed_after: components["schemas"]["Position"];
            /** @description Position of the last record that was replayed. */
            replayed_through: components["schemas"]["Position"];
        };
        /** @description The reason for ending a pin. */
        UnpinBody: {
            /** @description Reason for the deployment entry, 1 to 1,024 bytes. */
            reason?: string | null;
        };
        /** @description An event in a user's history. */
        UserEvent: {
            /** @description The item. */
            item: components["schemas"]["Id"];
            /** @description Kind of event. */
            kind: string;
            /** @description Time of the event. */
            ts: components["schemas"]["Timestamp"];
        };
        /** @description Data that a model holds about a user. */
        UserOut: {
            /**
             * Format: int64
             * @description Number of the user's events so far.
             */
            events: number;
            /** @description The user. */
            id: components["schemas"]["Id"];
            /** @description The newest events, newest first; at most 20. */
            newest: components["schemas"]["UserEvent"][];
        };
        /**
         * @description The rows of a model into which vectors can be imported.
         * @enum {string}
         */
        VectorTable: "items" | "tokens";
        /**
         * @description Values that survive a round trip bit for bit. Serialized as base64 of little-endian f32, half as long as decimal
         *     numbers. Parsed from that or from a list of numbers.
         */
        VectorValues: number[];
        /** @description Up to 10,000 vectors. */
        VectorsBody: {
            /** @description The vectors, in order. */
            vectors: components["schemas"]["RowVector"][];
        };
        /**
         * @description Verdict on learning, in order of severity.
         * @enum {string}
         */
        Verdict: "unknown" | "healthy" | "sparse" | "drifting" | "vanishing" | "exploding";
        /**
         * @description Kind of a version: base or delta.
         * @enum {string}
         */
        VersionKind: "base" | "delta";
        /** @description Description of a version, without its rows. */
        VersionManifest: {
            /** @description Name of the API key that took the version, or `system`. */
            actor: string;
            /**
             * Format: int64
             * @description Bytes of its own rows, compressed.
             */
            bytes: number;
            /** @description When the version was taken. */
            created_at: components["schemas"]["Timestamp"];
            derived?: components["schemas"]["Derived"] | null;
            /** @description Digest of the state. */
            digest: components["schemas"]["Digest"];
            /**
             * @description Numeric fingerprint of the process that took the version: libtorch build, CPU capability, threads, order of sums
             *     (P4).
             */
            fingerprint: string;
            /** @description Whether it holds all rows or those that changed since its parent. */
            kind: components["schemas"]["VersionKind"];
            /** @description Label, unique within the model. */
            label?: string | null;
            /** @description Counts and quality figures at that position. */
            metrics: Record<string, never>;
            parent?: components["schemas"]["VersionNumber"] | null;
            /** @description Position of the state. */
            position: components["schemas"]["Position"];
            /**
             * Format: int64
             * @description Bytes of its own rows before compression.
             */
            raw_bytes: number;
            /** @description Reason for which the version was taken. */
            reason?: string | null;
            /**
             * Format: int64
             * @description Number of rows that it holds itself.
             */
            rows: number;
            /** @description Number of the version. */
            version: components["schemas"]["VersionNumber"];
        };
        /**
         * Format: int32
         * @description Number of a version within its model, from 1.
         */
        VersionNumber: number;
        /** @description A page of versions. */
        VersionsOut: {
            /**
             * Format: int32
             * @description `cursor` of the next page; null at the end.
             */
            next_cursor?: number | null;
            /** @description Entries, newest first. */
            versions: components["schemas"]["VersionManifest"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    livez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Alive */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Metrics */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description Not ready, with the reasons */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
        };
    };
    about: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Name, version and caller */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["About"];
                };
            };
        };
    };
    list_models: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The models */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_model: {
        parameters: {
            query?: {
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where it stands */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        /** @description May be left out: an empty model with the default configuration */
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModelPut"];
            };
        };
        responses: {
            /** @description There already, made alike */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelOut"];
                };
            };
            /** @description Made */
            201: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelOut"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The base or its version is not there (`model_not_found`, `version_not_found`) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another one has this name (`model_exists`), or there are too many (`too_many_models`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone */
            204: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forks stand on it (`model_in_use`), or it is `default` (`model_required`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    patch_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModelPatch"];
            };
        };
        responses: {
            /** @description Changed */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelOut"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_deployments: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; the first page when left out. */
                cursor?: number;
                /** @description Maximum number of entries, 1 to 1,000; 50 when left out. */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_embeddings: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmbeddingsBody"];
            };
        };
        responses: {
            /** @description The vectors; of a block, the header `shelfmark-dim` has the length of a row */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmbeddingsOut"];
                    "application/octet-stream": string;
                    "application/x-safetensors": number[];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_erasures: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; the first page when left out. */
                cursor?: number;
                /** @description Maximum number of entries, 1 to 1,000; 50 when left out. */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasuresOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description Only records after this position. */
                after?: number;
                /** @description Maximum number of records, 1 to 1,000; 100 when left out. */
                limit?: number;
                /** @description Only events of this user. */
                user?: string;
                /** @description Only events with, and records of, this item. */
                item?: string;
                /** @description Answer when the view stands at this position or later. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    append_events: {
        parameters: {
            query?: {
                /**
                 * @description What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
                 *     records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
                 */
                wait?: "logged" | "applied";
                /** @description Longest wait for `applied`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventsBody"];
                "application/x-ndjson": components["schemas"]["EventIn"];
            };
        };
        responses: {
            /** @description Durable, and in the live view (`wait=applied`) */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description Durable */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An event with this id and another body exists (`conflict`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The append queue is full (`queue_full`) */
            429: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_event: {
        parameters: {
            query?: {
                /** @description Also say what the event did: its step, the rows that it moved, the neighbours of its item. */
                trace?: boolean;
                /** @description Answer when the view stands at this position or later. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such event (`event_not_found`) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No state is near enough to trace it from (`trace_not_available`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_guard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The guard */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GuardStatus"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    set_guard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GuardBody"];
            };
        };
        responses: {
            /** @description Armed */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GuardStatus"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    clear_guard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone */
            204: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rearm_guard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Armed */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GuardStatus"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_importable: {
        parameters: {
            query?: {
                /** @description Table of the rows; `items` when left out. */
                into?: "items" | "tokens";
                /** @description First row number of the page; 0 when left out. */
                from?: number;
                /** @description Maximum number of ids, 1 to 10,000; 1,000 when left out. */
                limit?: number;
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportableRowsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    import_vectors: {
        parameters: {
            query?: {
                /** @description Make items that the model does not know, bare; they are left out and counted otherwise. Tokens cannot be made. */
                create?: boolean;
                /** @description Look up what the model knows at this position or later: that of a write just before, say. */
                min_position?: number;
                /** @description What the answer waits for, as for events. */
                wait?: "logged" | "applied";
                /** @description Longest wait for either, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VectorsBody"];
                "application/x-ndjson": components["schemas"]["RowVector"];
            };
        };
        responses: {
            /** @description Durable, and in the live view (`wait=applied`) */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description Durable */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The append queue is full (`queue_full`) */
            429: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_items: {
        parameters: {
            query?: {
                /**
                 * @description What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
                 *     records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
                 */
                wait?: "logged" | "applied";
                /** @description Longest wait for `applied`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ItemsBody"];
                "application/x-ndjson": components["schemas"]["Item"];
            };
        };
        responses: {
            /** @description Durable, and in the live view (`wait=applied`) */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description Durable */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The append queue is full (`queue_full`) */
            429: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_item: {
        parameters: {
            query?: {
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The item */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Item"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_item: {
        parameters: {
            query?: {
                /**
                 * @description What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
                 *     records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
                 */
                wait?: "logged" | "applied";
                /** @description Longest wait for `applied`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ItemBody"];
            };
        };
        responses: {
            /** @description Durable, and in the live view (`wait=applied`) */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description Durable */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The append queue is full (`queue_full`) */
            429: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_item: {
        parameters: {
            query?: {
                /**
                 * @description What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
                 *     records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
                 */
                wait?: "logged" | "applied";
                /** @description Longest wait for `applied`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Durable, and in the live view (`wait=applied`) */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description Durable */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Appended"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The append queue is full (`queue_full`) */
            429: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_item_embedding: {
        parameters: {
            query?: {
                /** @description A version's number or label, or `live`; what is served when left out. */
                version?: string;
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The vector; the header `shelfmark-dim` has its length */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Embedding"];
                    "application/octet-stream": string;
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_item_history: {
        parameters: {
            query?: {
                /** @description Newest versions looked at, 1 to 200; 50 when left out. */
                limit?: number;
                /**
                 * @description Newest records that are learned again to find the steps that moved the row farthest, 0 (none) to 1,000,000; 16,384 when
                 *     left out.
                 */
                records?: number;
                /** @description Answer when the live view stands at this position or later. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RowHistory"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No state is near enough to learn the records again from (`trace_not_available`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    similar_items: {
        parameters: {
            query?: {
                /** @description Number of items, 1 to 1,000; 20 when left out. */
                limit?: number;
                /** @description Only items of this category. */
                category?: string;
                /** @description Only items with this tag. */
                tag?: string;
                /** @description Which items may be answered, as in the body of `POST .../recommendations`, as JSON. */
                filter?: string;
                /** @description A version's number or label, or `live`; what is served when left out. */
                version?: string;
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Items, most similar first */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimilarOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_learning: {
        parameters: {
            query?: {
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How learning goes */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Learning"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_learning_bias: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BiasReport"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another report is being made (`overloaded`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    freeze_learning: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        /** @description May be left out */
        requestBody: {
            content: {
                "application/json": components["schemas"]["FreezeBody"];
            };
        };
        responses: {
            /** @description Frozen */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resume_learning: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        /** @description May be left out */
        requestBody: {
            content: {
                "application/json": components["schemas"]["FreezeBody"];
            };
        };
        responses: {
            /** @description Learning */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_learning_rows: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest look at the rows */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RowSurveyOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_learning_series: {
        parameters: {
            query?: {
                /** @description `items`, `last`, `users`, `tokens`, `context`, `bias`, `projections` or `small`; `all` (the whole step) when left out. */
                table?: string;
                /**
                 * @description What to plot: of a table `update_ratio`, `gradient_norm`, `learning_rate`, ..., of all `loss` (when left out),
                 *     `recall`, ...; a name that is not known is answered with the list.
                 */
                metric?: string;
                /** @description Only points after this position. */
                after?: number;
                /** @description Maximum number of points, 1 to 4,096; 1,000 when left out. */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest 4,096 points, in pages */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SeriesOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stream_learning: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Points until the client goes away */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["StreamPoint"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many streams are open (`overloaded`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_map: {
        parameters: {
            query?: {
                /** @description The state that is drawn: a version's number or label, or `live`; `live` when left out. */
                version?: string;
                /** @description The state that is drawn: that after the append with this position. It is found by learning the log again. */
                position?: number;
                /**
                 * @description The state whose principal directions are the axes: a version's number or label, `live`, or `@` and a position. When left
                 *     out the newest version, or the live state while no version has three items.
                 */
                basis?: string;
                /** @description Number of sampled items, 1 to 20,000; 5,000 when left out. */
                sample?: number;
                /** @description Items that are drawn besides the sample: a JSON list of at most 200 ids. */
                ids?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The points */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MapOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No state is near enough to learn the position again from (`trace_not_available`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another report is being made (`overloaded`), or the position is not reached (`position_not_reached`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stream_map: {
        parameters: {
            query?: {
                /** @description As of the map: send the `basis.state` that it answered. */
                basis?: string;
                /** @description Number of sampled items, 1 to 20,000; 5,000 when left out. */
                sample?: number;
                /** @description Items that are followed besides the sample: a JSON list of at most 200 ids. */
                ids?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Moves until the client goes away */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["MovesOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many maps are followed (`overloaded`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_operations: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; the first page when left out. */
                cursor?: string;
                /** @description Maximum number of entries, 1 to 1,000; 50 when left out. */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_operation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Id of the operation.
                 * @example 019abb6e-7c1e-7a1c-9d49-2f0c8d2f7a10
                 */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operation */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_operation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Id of the operation.
                 * @example 019abb6e-7c1e-7a1c-9d49-2f0c8d2f7a10
                 */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operation, which has ended */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description The operation, which will end */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rank: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RankBody"];
            };
        };
        responses: {
            /** @description The items, best first */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RankOut"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    recommend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecommendationsBody"];
            };
        };
        responses: {
            /** @description Items, best first */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecommendationsOut"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    recommend_batch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchBody"];
            };
        };
        responses: {
            /** @description An answer a query, in order */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchOut"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rollback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollbackBody"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RollbackOut"];
                };
            };
            /** @description Begun */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationOut"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another rollback is running (`rollback_running`): `running` names it */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_serving: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The arms */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServingOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    split_serving: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ServingBody"];
            };
        };
        responses: {
            /** @description Served so */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A rollback is running (`rollback_running`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unpin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        /** @description May be left out */
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnpinBody"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deployment"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user: {
        parameters: {
            query?: {
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No event named the user, or the user is forgotten (`user_not_found`) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    forget_user: {
        parameters: {
            query?: {
                /**
                 * @description `rows` (when left out): what others learned from the user stays, of nobody known. `replay`: the log is learned again
                 *     without the user, from before the first event.
                 */
                unlearn?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Begun */
            202: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A rollback is running (`rollback_running`): `running` names it */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_embedding: {
        parameters: {
            query?: {
                /** @description A version's number or label, or `live`; what is served when left out. */
                version?: string;
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The vector; the header `shelfmark-dim` has its length */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Embedding"];
                    "application/octet-stream": string;
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_history: {
        parameters: {
            query?: {
                /** @description Newest versions looked at, 1 to 200; 50 when left out. */
                limit?: number;
                /**
                 * @description Newest records that are learned again to find the steps that moved the row farthest, 0 (none) to 1,000,000; 16,384 when
                 *     left out.
                 */
                records?: number;
                /** @description Answer when the live view stands at this position or later. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RowHistory"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No state is near enough to learn the records again from (`trace_not_available`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    recommend_for_user: {
        parameters: {
            query?: {
                /** @description Number of items, 1 to 1,000; 20 when left out. */
                limit?: number;
                /** @description Only items of this category. */
                category?: string;
                /** @description Only items with this tag. */
                tag?: string;
                /** @description Which items may be answered, as in the body of the long form, as JSON. */
                filter?: string;
                /** @description `true`, `false`, or kinds of event with commas between them. */
                exclude_seen?: string;
                /** @description How much likeness to items above counts against an item, 0 to 1. */
                diversity?: number;
                /** @description What to add to each item: `item`, `embedding`, `explanation`, with commas between them. */
                with?: string;
                /** @description A version's number or label, or `live`; what is served when left out. */
                version?: string;
                /** @description Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. */
                min_position?: number;
                /** @description Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. */
                timeout_ms?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description The id, percent-encoded: 1 to 256 bytes.
                 * @example i9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Items, best first */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecommendationsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_versions: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; the first page when left out. */
                cursor?: number;
                /** @description Maximum number of entries, 1 to 1,000; 50 when left out. */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionsOut"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    take_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
            };
            cookie?: never;
        };
        /** @description May be left out */
        requestBody: {
            content: {
                "application/json": components["schemas"]["TakeBody"];
            };
        };
        responses: {
            /** @description Taken */
            201: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionManifest"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The label is taken (`label_taken`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    diff_versions: {
        parameters: {
            query?: {
                /** @description Maximum number of entries of each list, 1 to 1,000; 20 when left out. */
                top?: number;
                /** @description Neighbours, and recommendations, compared for each of the sample, 1 to 100; 10 when left out. */
                k?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Number or label of a version, or `live`.
                 * @example 12
                 */
                from: string;
                /**
                 * @description Number or label of a version, or `live`.
                 * @example live
                 */
                to: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The differences */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Diff"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another report is being made (`overloaded`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Number or label of the version.
                 * @example 12
                 */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The manifest */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionManifest"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Number or label of the version.
                 * @example 12
                 */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone */
            204: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It is served or needed (`version_in_use`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    relabel_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Number or label of the version.
                 * @example 12
                 */
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RelabelBody"];
            };
        };
        responses: {
            /** @description The manifest */
            200: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionManifest"];
                };
            };
            /** @description The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`) */
            400: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body stopped coming (`stalled`) */
            408: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The label is taken (`label_taken`) */
            409: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`) */
            413: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`) */
            415: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "invalid",
                     *       "detail": "limit: must be 1 to 1000, is 0",
                     *       "errors": [
                     *         {
                     *           "code": "out_of_range",
                     *           "detail": "must be 1 to 1000, is 0",
                     *           "field": "limit"
                     *         }
                     *       ],
                     *       "request_id": "0193",
                     *       "status": 422,
                     *       "title": "A value breaks its rule",
                     *       "type": "/docs#invalid"
                     *     }
                     */
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    export_version: {
        parameters: {
            query: {
                /** @description `safetensors`, `npz`, `word2vec` (its text form) or `jsonl`. */
                format: "safetensors" | "npz" | "word2vec" | "jsonl";
                /** @description `items`, `users` or `tokens`; `items` when left out. */
                table?: "items" | "users" | "tokens";
                /**
                 * @description Items' vectors with what their tokens and dense vectors add, as `.../embedding` gives them. When left out they are the rows
                 *     as learned, which an import can put back.
                 */
                content?: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description Name of the model; `default` exists.
                 * @example default
                 */
                model: string;
                /**
                 * @description Number or label of the version.
                 * @example 12
                 */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    /** @description Position of the state that answered */
                    "shelfmark-position"?: number;
                    /** @description Number of the version that answered, or `live` */
                    "shelfmark-version"?: string;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                    "application/x-ndjson": string;
                    "application/zip": number[];
                    "text/plain": string;
                };
            };
            /** @description No key, or one that is not known (`unauthorized`) */
            401: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key's scope or model does not suffice (`forbidden`); without keys, a foreign Host or Origin (`host_refused`) */
            403: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...) */
            404: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The format cannot hold these rows (`not_exportable`), or a value breaks its rule (`invalid`) */
            422: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A failure of the service; the cause is in its log under the `request_id` (`internal`) */
            500: {
                headers: {
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many exports are under way (`overloaded`) */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try */
                    "retry-after"?: number;
                    /** @description The request's id: the caller's, or one that was made */
                    "x-request-id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
