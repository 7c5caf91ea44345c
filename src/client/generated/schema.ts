/**
 * The REST API as types, written by tools/generate-client.mjs from docs/reference/openapi.json. Not edited by hand.
 */
export interface paths {
    "/v1/volumes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List volumes */
        get: operations["listVolumes"];
        put?: never;
        /**
         * Create a volume
         * @description Makes a volume and its filesystem. A name that is taken is a conflict which names the fields that differ.
         */
        post: operations["createVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a volume */
        get: operations["getVolume"];
        /**
         * Make sure that a volume exists
         * @description Takes the volume of this name if it satisfies the request, and makes it otherwise. Size and replicas are minimums.
         */
        put: operations["ensureVolume"];
        post?: never;
        /**
         * Delete a volume
         * @description Puts it into the trash, or purges it when its retention is 0 or `purge` is given. Refused while it is protected, mounted or attached.
         */
        delete: operations["removeVolume"];
        options?: never;
        head?: never;
        /** Change labels, owner, protection or retention */
        patch: operations["updateVolume"];
        trace?: never;
    };
    "/v1/volumes/{volume}/resize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Grow a volume
         * @description Grows the image, the device and the filesystem, mounted or not. The present size is nothing to do; a smaller one is refused.
         */
        post: operations["resizeVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}/recover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take over what a replica knows after the store was set back
         * @description For condition `StoreBehind`: an older copy of the store is in place. Generation, history and size of the record become those of the replica's own metadata. Does nothing when the record is not behind.
         */
        post: operations["recoverVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}/attach": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make the block device of a volume */
        post: operations["attachVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}/detach": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove the block device of a volume
         * @description Refused while consumers have it mounted.
         */
        post: operations["detachVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mount a volume for a consumer
         * @description Attaches and mounts it when needed. The same consumer again gets the same answer. The role plugin names paths below the directories only that the node gives to it (`plugin_paths`).
         */
        post: operations["publishVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}/unpublish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove the mount of a consumer
         * @description A consumer that has no mount is nothing to do. The last one unmounts and detaches the volume.
         */
        post: operations["unpublishVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/volumes/{volume}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Explain why a volume is where it is */
        get: operations["explainVolume"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List deleted volumes that can be restored */
        get: operations["listTrash"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trash/{volume}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a volume from the trash */
        post: operations["restoreTrash"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/trash/{volume}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Purge a volume from the trash
         * @description Deletes its data for good.
         */
        delete: operations["purgeTrash"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List pools */
        get: operations["listPools"];
        put?: never;
        /**
         * Create a pool
         * @description Takes a directory, or makes a filesystem on each of the devices. A device with any signature is refused unless `force` is given; one that is mounted or in use always.
         */
        post: operations["createPool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pools/{pool}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a pool */
        get: operations["getPool"];
        put?: never;
        post?: never;
        /**
         * Remove a pool
         * @description Refused while live volumes are in it. Deletes no file: what is in its trash stays on the medium and leaves the lists.
         */
        delete: operations["removePool"];
        options?: never;
        head?: never;
        /** Change labels, overcommit, class or owner */
        patch: operations["updatePool"];
        trace?: never;
    };
    "/v1/pools/{pool}/grow": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Grow a pool
         * @description Takes in what its devices have grown by, and the devices given.
         */
        post: operations["growPool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pool-wipes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete what a removed pool left behind
         * @description Deletes for good everything of Holdfast on a path or device that no pool uses now.
         */
        post: operations["wipePool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List snapshots */
        get: operations["listSnapshots"];
        put?: never;
        /**
         * Take a snapshot of a volume
         * @description A mounted filesystem is frozen for the moment, so that the snapshot is consistent.
         */
        post: operations["createSnapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshots/{snapshot}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a snapshot */
        get: operations["getSnapshot"];
        put?: never;
        post?: never;
        /** Delete a snapshot */
        delete: operations["removeSnapshot"];
        options?: never;
        head?: never;
        /** Change labels or owner */
        patch: operations["updateSnapshot"];
        trace?: never;
    };
    "/v1/snapshots/{snapshot}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Put a volume back to a snapshot
         * @description In place; the volume must be detached. What was in it before is kept as another snapshot. To get the content beside the volume, create a volume with `source_snapshot`.
         */
        post: operations["restoreSnapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List operations */
        get: operations["listOperations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operations/{operation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read an operation, or wait for its end */
        get: operations["getOperation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/operations/{operation}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask an operation to stop
         * @description It undoes what it began. Refused when it cannot be cancelled any more.
         */
        post: operations["cancelOperation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List events */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch events
         * @description A stream of server-sent events from now on: `id` is the id of the event and `data` is the event as JSON. A comment every 15 seconds shows that the connection lives.
         */
        get: operations["watchEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List nodes */
        get: operations["listNodes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodes/{node}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a node */
        get: operations["getNode"];
        put?: never;
        post?: never;
        /**
         * Take a node out of the cluster
         * @description Its certificates are revoked and its member of the control store leaves. Refused while it holds a last copy (with the list), while something is attached there, while it lives and is not drained, and when the control store would lose its majority.
         */
        delete: operations["removeNode"];
        options?: never;
        head?: never;
        /** Change labels, zone, address, roles or owner */
        patch: operations["updateNode"];
        trace?: never;
    };
    "/v1/nodes/{node}/holdings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is on a node */
        get: operations["getNodeHoldings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodes/{node}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a node go empty of work
         * @description No new work is placed there. It is over when nothing is attached there any more. Again: the same operation.
         */
        post: operations["drainNode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodes/{node}/undrain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a node take work again
         * @description Cancels a drain that runs.
         */
        post: operations["undrainNode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who holds the control store */
        get: operations["listMembers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List join tokens */
        get: operations["listTokens"];
        put?: never;
        /**
         * Make a join token
         * @description The token is shown this once; only a hash is kept.
         */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Withdraw a join token */
        delete: operations["removeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Join as a node, with a token
         * @description Needs no certificate. The same token with the same keys again gets the same answer, until it expires.
         */
        post: operations["joinNode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/join/client": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a client certificate, with a token
         * @description Needs no certificate. The same token with the same key again gets the same answer, until it expires.
         */
        post: operations["joinClient"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List certificates */
        get: operations["listCertificates"];
        put?: never;
        /** Sign a client's certificate */
        post: operations["signClient"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/renew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get a new certificate under the one shown
         * @description The name and role stay as they are in the certificate of the connection.
         */
        post: operations["renewCertificate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/certificates/{serial}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a certificate
         * @description It is refused at once, and its open connections are cut. Again: nothing to do.
         */
        post: operations["revokeCertificate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How it is going */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who answers */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cluster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the cluster */
        get: operations["getCluster"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/capacity": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is promised and what is left */
        get: operations["getCapacity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/store/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check the control store */
        post: operations["checkStore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the daemon lives */
        get: operations["getHealth"];
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
        /**
         * @description At most 64 labels. A key is 1 to 63 letters, digits, ".", "_", "-" and "/", beginning and ending with a letter or digit; a value is up to 255 letters, digits, spaces and "._:/@-".
         * @example {
         *       "app": "shop",
         *       "tier": "db"
         *     }
         */
        Labels: {
            [key: string]: string;
        };
        /** @description Something observed that is not as it should be. */
        Condition: {
            /**
             * @description What kind of fault, as one word.
             * @example ImageMissing
             */
            type: string;
            /** @description What was observed. */
            message: string;
            /** @description What to do about it. */
            hint: string;
            /**
             * @description When it was first seen. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            since: string;
        };
        /** @description Where the error lies and the way out. */
        ErrorDetail: {
            /**
             * @description The object it is about, as kind and name or id.
             * @example volume db
             */
            object?: string;
            /**
             * @description The field, query parameter or header that was wrong.
             * @example size_bytes
             */
            field?: string;
            /** @description What to do about it. */
            hint?: string;
            /** @description For conflicts: the fields that differ. */
            fields?: string[];
        };
        /**
         * @description Every answer with a status of 400 or above has this form.
         * @example {
         *       "code": "not_found",
         *       "message": "there is no volume \"db\"",
         *       "detail": {
         *         "object": "volume db",
         *         "hint": "holdfast volume list shows what there is."
         *       },
         *       "retryable": false
         *     }
         */
        Error: {
            /**
             * @description What kind of error: stable, for programs. Statuses: invalid_argument 400 (404 and 405 for paths and methods that do not exist, 408, 413, 415 where HTTP has its own), not_found 404, conflict 409, failed_precondition 412, permission_denied 403, resource_exhausted 507, unsupported 501, unavailable 503, internal 500.
             * @enum {string}
             */
            code: "invalid_argument" | "not_found" | "conflict" | "failed_precondition" | "permission_denied" | "resource_exhausted" | "unsupported" | "unavailable" | "internal";
            /** @description What was wrong, as a sentence for people. */
            message: string;
            detail: components["schemas"]["ErrorDetail"];
            /** @description True when the same request may succeed later without a change. */
            retryable: boolean;
        };
        /** @description The answer to a change carries what the caller should be told beside the object. */
        Warnings: {
            /** @description Things that the caller should be told, as sentences; [] when there are none. */
            warnings: string[];
        };
        /** @description The object that is changed. */
        OperationTarget: {
            /**
             * @description Kind of the object.
             * @enum {string}
             */
            kind: "volume" | "pool" | "snapshot" | "node";
            /** @description Id of the object. */
            id: string;
            /** @description Name of the object. */
            name: string;
        };
        /** @description A change that takes time. It survives restarts of the daemon. */
        Operation: {
            /**
             * @description Id of the operation.
             * @example op_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /**
             * @description What it does.
             * @example volume.create
             */
            kind: string;
            target: components["schemas"]["OperationTarget"];
            /** @description Id of the node that carries it out. */
            node: string;
            /**
             * @description The last three are final.
             * @enum {string}
             */
            state: "pending" | "running" | "succeeded" | "failed" | "cancelled";
            /** @description Name of the step that runs or ran last. */
            step: string;
            /** @description What its steps need; differs from kind to kind. Holds no secret. */
            args: {
                [key: string]: unknown;
            };
            /** @description How much is done, in `unit`. */
            done: number;
            /** @description How much there is to do, in `unit`; 0 while that is not known. */
            total: number;
            /**
             * @description Unit of `done` and `total`.
             * @enum {string}
             */
            unit: "bytes" | "steps";
            /** @description Whether it can be cancelled now. */
            cancellable: boolean;
            /** @description Whether somebody asked it to stop. */
            cancel_requested: boolean;
            /** @description Why it failed; null otherwise. */
            error: components["schemas"]["Error"] | null;
            /**
             * @description When it was accepted. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
            /**
             * @description When it last made progress. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            updated_at: string;
            /** @description When it was over, ISO 8601, UTC; null before. */
            finished_at: string | null;
        };
        /** @description A page of operations. */
        OperationPage: {
            /** @description The operations, in a stable order. */
            items: components["schemas"]["Operation"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description The operation as it is after the change, with warnings. */
        AcceptedOperation: components["schemas"]["Operation"] & components["schemas"]["Warnings"];
        /** @description Something that the kernel or an installed tool offers. */
        NodeFeature: {
            /** @description Whether it can be used on this node. */
            available: boolean;
            /** @description Why not; "" when it can. */
            reason: string;
        };
        /** @description What the machine offers, as probed at the start of the daemon. */
        NodeCapabilities: {
            /** @description Release of the kernel. */
            kernel: string;
            /** @description Id of this boot of the machine. */
            boot_id: string;
            /** @description Id of the machine. */
            machine_id: string;
            /** @description By name: what can be used. */
            features: {
                loop: components["schemas"]["NodeFeature"];
                loop_direct_io: components["schemas"]["NodeFeature"];
                xfs: components["schemas"]["NodeFeature"];
                ext4: components["schemas"]["NodeFeature"];
                fuse: components["schemas"]["NodeFeature"];
                nbd: components["schemas"]["NodeFeature"];
                nfs_client: components["schemas"]["NodeFeature"];
                device_mapper: components["schemas"]["NodeFeature"];
                mount_propagation: components["schemas"]["NodeFeature"];
            };
        };
        /** @description What the node should be. */
        NodeSpec: {
            /** @description `control`: holds the control store and signs certificates. `storage`: holds replicas. */
            roles: ("control" | "storage")[];
            /** @description Failure domain; "" for none. */
            zone: string;
            /** @description `host:port` of its REST API over TLS; null on a single machine. */
            address: string | null;
            /** @description Takes no new work: it is being drained, or is drained. */
            cordoned: boolean;
        };
        /** @description What was last observed. */
        NodeStatus: {
            /**
             * @description `joining`: has certificates, its daemon has not reported yet. `unavailable`: its lease has run out. `draining` and `drained`: takes no new work.
             * @enum {string}
             */
            state: "joining" | "ready" | "unavailable" | "draining" | "drained";
            /** @description What is not as it should be; [] when all is well. */
            conditions: components["schemas"]["Condition"][];
            /** @description When the node last looked, ISO 8601, UTC; null before it was seen. */
            observed_at: string | null;
            /** @description Version of its daemon. */
            daemon_version: string;
            capabilities: components["schemas"]["NodeCapabilities"];
        };
        /** @description A machine that runs the daemon. */
        Node: {
            /**
             * @description Id of the node; never changes.
             * @example node_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /** @description Name of the node. */
            name: string;
            /** @description Raised by every change of spec, labels, owner or name. Send it back as `If-Match` to change only what you saw. */
            version: number;
            /** @description Who manages it; "" when nobody said. */
            owner: string;
            labels: components["schemas"]["Labels"];
            spec: components["schemas"]["NodeSpec"];
            status: components["schemas"]["NodeStatus"];
            /**
             * @description When it was created. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
        };
        /** @description A page of nodes. */
        NodePage: {
            /** @description The nodes, in a stable order. */
            items: components["schemas"]["Node"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description Nodes that share one control store. */
        Cluster: {
            /**
             * @description Id of the cluster: an answer with another id is from another cluster.
             * @example clu_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /** @description Name of the cluster. */
            name: string;
            /**
             * @description When it was made. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
        };
        /** @description An object that something is about. */
        ObjectName: {
            /**
             * @description Kind of the object.
             * @example volume
             */
            kind: string;
            /** @description Id of the object. */
            id: string;
            /** @description Name of the object. */
            name: string;
        };
        /** @description Something that happened, for people. */
        Event: {
            /** @description Id of the event. */
            id: string;
            /**
             * @description When it happened. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            at: string;
            object: components["schemas"]["ObjectName"];
            /**
             * @description What happened, as one word.
             * @example VolumeCreated
             */
            reason: string;
            /** @description What happened, as a sentence. */
            message: string;
            /**
             * @description Whether somebody should look at it.
             * @enum {string}
             */
            severity: "info" | "warning";
        };
        /** @description A page of events. */
        EventPage: {
            /** @description The events, in a stable order. */
            items: components["schemas"]["Event"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description Capacity of one pool. */
        PoolCapacity: {
            /** @description Id of the pool. */
            pool: string;
            /** @description Name of the pool. */
            name: string;
            /** @description Class of the pool. */
            class: string;
            /** @description What the filesystems hold. In bytes. */
            capacity_bytes: number;
            /** @description What is promised to volumes, snapshots and trash. In bytes. */
            allocated_bytes: number;
            /** @description What is used on the medium. In bytes. */
            used_bytes: number;
            /** @description What may still be promised; never negative. In bytes. */
            available_bytes: number;
            /** @description Part of allocated_bytes that is trash. In bytes. */
            trash_bytes: number;
        };
        /** @description Capacity over all pools. */
        Capacity: {
            /** @description What the filesystems hold. In bytes. */
            capacity_bytes: number;
            /** @description What is promised to volumes, snapshots and trash. In bytes. */
            allocated_bytes: number;
            /** @description What is used on the medium. In bytes. */
            used_bytes: number;
            /** @description What may still be promised; never negative. In bytes. */
            available_bytes: number;
            /** @description Part of allocated_bytes that is trash. In bytes. */
            trash_bytes: number;
            /** @description By pool. */
            pools: components["schemas"]["PoolCapacity"][];
        };
        /** @description How many of what there are. */
        Counts: {
            /** @description Pools. */
            pools: number;
            /** @description Volumes, without trash. */
            volumes: number;
            /** @description Snapshots. */
            snapshots: number;
            /** @description Volumes in the trash. */
            trash: number;
            /** @description Operations that are not over. */
            operations_running: number;
        };
        /** @description Nodes by state. */
        NodeCounts: {
            /** @description Have certificates; their daemons have not reported yet. */
            joining: number;
            /** @description Work. */
            ready: number;
            /** @description Have not been heard of. */
            unavailable: number;
            /** @description Let their work go. */
            draining: number;
            /** @description Are empty of work, and take no more. */
            drained: number;
        };
        /** @description A condition of an object that needs a look. */
        Problem: {
            object: components["schemas"]["ObjectName"];
            /**
             * @description Type of the condition.
             * @example ImageMissing
             */
            condition: string;
            /** @description What was observed. */
            message: string;
            /** @description What to do about it. */
            hint: string;
        };
        /** @description How it is going. */
        Status: {
            cluster: components["schemas"]["Cluster"];
            node: components["schemas"]["Node"];
            /** @description Version of the daemon that answers. */
            daemon_version: string;
            /** @description Id of the node that leads: it places and repairs. null: none at the moment. */
            leader: string | null;
            nodes: components["schemas"]["NodeCounts"];
            counts: components["schemas"]["Counts"];
            /**
             * @description Number of volumes by state.
             * @example {
             *       "ready": 3
             *     }
             */
            volumes_by_state: {
                [key: string]: number;
            };
            capacity: components["schemas"]["Capacity"];
            /** @description Objects with conditions, worst first; at most 50. */
            problems: components["schemas"]["Problem"][];
        };
        /** @description Who answers. */
        Version: {
            /**
             * @description Version of the daemon.
             * @example 0.1.0
             */
            version: string;
            /**
             * @description Version of this API.
             * @example v1
             */
            api: string;
            /** @description Id of the cluster. */
            cluster_id: string;
        };
        /** @description The daemon lives. */
        Health: {
            /** @description True: it answers requests. */
            ok: boolean;
        };
        /** @description Result of checking the control store. */
        StoreCheck: {
            /** @description Whether no fault was found. */
            sound: boolean;
            /** @description What was found, as sentences; [] when sound. */
            faults: string[];
        };
        /** @description The node as it is after the change, with warnings. */
        ChangedNode: components["schemas"]["Node"] & components["schemas"]["Warnings"];
        /**
         * @description The fields to change; what is not named stays.
         * @example {
         *       "zone": "rack-2",
         *       "labels": {
         *         "disk": "ssd"
         *       }
         *     }
         */
        UpdateNode: {
            labels?: components["schemas"]["Labels"];
            /** @description Failure domain, a name: replicas are spread over zones. "" for none. */
            zone?: string;
            /**
             * @description `host:port` where others reach its REST API.
             * @example 10.0.0.12:7480
             */
            address?: string;
            /** @description All roles from now on. `storage` may be taken away only where no replica is left; `control` changes on the machine itself. */
            roles?: ("control" | "storage")[];
            /**
             * @description Who manages the object, such as the `owner` of a Terraform configuration. At most 255 characters; default "".
             * @default
             */
            owner?: string;
        };
        /** @description A volume that is on a node. Trash is not counted. */
        NodeHolding: {
            /** @description Id of the volume. */
            volume: string;
            /** @description Name of the volume. */
            name: string;
            /** @description Size of the volume. In bytes. */
            size_bytes: number;
            /** @description It has no other in-sync replica on a node that lives: it would be lost with this one. */
            last_copy: boolean;
            /** @description Whether it is attached on this node. */
            attached: boolean;
            /** @description Who has it mounted. */
            consumers: string[];
        };
        /** @description What is on a node, for drain and removal. */
        NodeHoldings: {
            /** @description The volumes. */
            items: components["schemas"]["NodeHolding"][];
        };
        /** @description A machine that holds the control store. */
        StoreMember: {
            /** @description Id of the member, hex. */
            id: string;
            /** @description Name of its node; "" until it has started. */
            name: string;
            /** @description Where other members reach it. */
            peer_urls: string[];
            /** @description Where daemons reach it. */
            client_urls: string[];
            /** @description It receives everything and has no vote yet. */
            learner: boolean;
            /** @description It answered when asked just now. */
            healthy: boolean;
        };
        /** @description The machines that hold the control store. */
        StoreMembers: {
            /** @description The members; [] where the store is embedded or not run by Holdfast. */
            items: components["schemas"]["StoreMember"][];
        };
        /** @description A one-time permission to get a certificate. Its secret is not kept. */
        JoinToken: {
            /**
             * @description Id of the token.
             * @example tok_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /**
             * @description What it gives: `node` lets a machine join; a role gives a client certificate of it.
             * @enum {string}
             */
            grants: "node" | "admin" | "operator" | "plugin" | "read-only";
            /** @description The only name that may be asked for; null: any free one. */
            name: string | null;
            /** @description For nodes: the roles that it may take. */
            node_roles: string[];
            /** @description For nodes: id of the dead node that the new machine takes the place of; null: none. */
            replaces: string | null;
            /**
             * @description When it was made. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
            /** @description Who made it. */
            created_by: string;
            /**
             * @description Until when it may be used. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            expires_at: string;
            /** @description When it was used, ISO 8601, UTC; null: not yet. */
            used_at: string | null;
        };
        /** @description A page of join tokens. */
        JoinTokenPage: {
            /** @description The join tokens, in a stable order. */
            items: components["schemas"]["JoinToken"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /**
         * @description The token to make.
         * @example {
         *       "grants": "node",
         *       "node_roles": [
         *         "storage"
         *       ]
         *     }
         */
        CreateToken: {
            /**
             * @description `node` lets a machine join; a role gives a client certificate of it.
             * @enum {string}
             */
            grants: "node" | "admin" | "operator" | "plugin" | "read-only";
            /** @description The only name that may be asked for. Default: any free one. */
            name?: string;
            /** @description For nodes: the roles that it may take. Default: storage. */
            node_roles?: ("control" | "storage")[];
            /** @description For nodes: id or name of the dead node that the new machine takes the place of. */
            replaces?: string;
            /**
             * @description How long it may be used, a minute to 7 days. Default: an hour. In milliseconds.
             * @default 3600000
             */
            ttl_ms?: number;
        };
        /** @description The token, which is shown this once, and what is kept of it. */
        CreatedToken: {
            /** @description The join token as it was printed: a secret, good for one use. */
            token: string;
            record: components["schemas"]["JoinToken"];
        };
        /**
         * @description A machine that joins.
         * @example {
         *       "token": "hft1.…",
         *       "name": "n2",
         *       "roles": [
         *         "storage"
         *       ],
         *       "zone": "",
         *       "labels": {},
         *       "address": "10.0.0.12:7480",
         *       "machine_id": "0f3a…",
         *       "daemon_version": "0.1.0",
         *       "now_ms": 1795300000000,
         *       "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n",
         *       "store_csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n"
         *     }
         */
        JoinRequest: {
            /** @description The join token as it was printed: a secret, good for one use. */
            token: string;
            /** @description Name of the node: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit. */
            name: string;
            /** @description The roles that it takes. */
            roles: ("control" | "storage")[];
            /** @description Failure domain, a name: replicas are spread over zones. "" for none. */
            zone: string;
            labels: components["schemas"]["Labels"];
            /**
             * @description `host:port` where others reach its REST API.
             * @example 10.0.0.12:7480
             */
            address: string;
            /** @description Id of the machine. */
            machine_id: string;
            /** @description Version of its daemon. */
            daemon_version: string;
            /** @description Its wall clock, milliseconds since 1970: more than 5 minutes from the cluster's is refused. In milliseconds. */
            now_ms: number;
            /** @description Certificate request for its certificate; only its key counts. PEM. */
            csr: string;
            /** @description Certificate request for its certificate towards the control store; only its key counts. PEM. */
            store_csr: string;
            /** @description Certificate request for an authority of its own; with the role control, and only then; only its key counts. PEM. */
            issuer_csr?: string;
            /** @description Certificate request for an authority of its own in the control store's domain; with the role control, and only then; only its key counts. PEM. */
            store_issuer_csr?: string;
        };
        /** @description Its member of the control store. */
        JoinedMember: {
            /** @description Name of the member. */
            name: string;
            /** @description What it starts with, as etcd wants it. */
            initial_cluster: string;
            /** @description Where the other members reach it. */
            peer_url: string;
            /** @description Where daemons reach it. */
            client_url: string;
        };
        /** @description What a machine needs to be a node. Certificates are no secrets; the keys never left the machine. */
        JoinAnswer: {
            /** @description Id of the cluster. */
            cluster_id: string;
            /** @description Name of the cluster. */
            cluster_name: string;
            /** @description Id of the node. */
            node_id: string;
            /** @description The cluster's root certificate. PEM. */
            ca: string;
            /** @description Its certificate, with the issuers and the root. PEM. */
            certificate: string;
            /** @description Root certificate of the control store. PEM. */
            store_ca: string;
            /** @description Its certificate towards the control store, with the issuers and the root. PEM. */
            store_certificate: string;
            /** @description Certificate of its own authority, PEM; null without the role control. */
            issuer: string | null;
            /** @description The same for the control store, PEM; null without the role control. */
            store_issuer: string | null;
            /** @description How it reaches the control store. */
            store: {
                /** @description URLs of the control store. */
                endpoints: string[];
                /** @description Its own member; null where it has none. */
                member: components["schemas"]["JoinedMember"] | null;
            };
            /** @description `host:port` of nodes that answer the REST API. */
            addresses: string[];
        };
        /**
         * @description A client that redeems a token.
         * @example {
         *       "token": "hft1.…",
         *       "name": "alice",
         *       "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n"
         *     }
         */
        JoinClientRequest: {
            /** @description The join token as it was printed: a secret, good for one use. */
            token: string;
            /** @description Name of the client: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit. */
            name: string;
            /** @description Certificate request for the certificate; only its key counts. PEM. */
            csr: string;
        };
        /** @description A client's certificate. */
        JoinClientAnswer: {
            /** @description The certificate, with the issuers and the root. PEM. */
            certificate: string;
            /** @description The cluster's root certificate. PEM. */
            ca: string;
            /** @description Id of the cluster. */
            cluster_id: string;
        };
        /** @description A certificate that was given out. */
        Certificate: {
            /** @description Serial number, lower-case hex. */
            serial: string;
            /**
             * @description Whom it names, as in the certificate.
             * @example holdfast://clu_01JD9Z3QK7W5T8X2M4N6P0R1SA/client/operator/alice
             */
            uri: string;
            /**
             * @description Whose it is.
             * @enum {string}
             */
            kind: "client" | "node";
            /**
             * @description What it lets its holder do.
             * @enum {string}
             */
            role: "admin" | "operator" | "plugin" | "read-only" | "node";
            /** @description Name of the client or node. */
            name: string;
            /**
             * @description From when it is valid. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            not_before: string;
            /**
             * @description Until when it is valid. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            not_after: string;
            /**
             * @description When it was made. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            issued_at: string;
            /** @description Who asked for it. */
            issued_by: string;
            /** @description When it was revoked, ISO 8601, UTC; null: it was not. */
            revoked_at: string | null;
        };
        /** @description A page of certificates. */
        CertificatePage: {
            /** @description The certificates, in a stable order. */
            items: components["schemas"]["Certificate"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /**
         * @description The certificate to sign.
         * @example {
         *       "role": "operator",
         *       "name": "alice",
         *       "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n"
         *     }
         */
        SignCertificate: {
            /**
             * @description `admin`: everything. `operator`: data and nodes, no identities. `plugin`: what a scheduler needs. `read-only`: reading.
             * @enum {string}
             */
            role: "admin" | "operator" | "plugin" | "read-only";
            /**
             * @description Name of the client: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.
             * @example alice
             */
            name: string;
            /** @description Certificate request of the client; only its key counts. PEM. */
            csr: string;
            /**
             * @description How long it is valid, 10 minutes to a year. Default: 90 days. In milliseconds.
             * @default 7776000000
             */
            ttl_ms?: number;
        };
        /** @description A new certificate. */
        SignedCertificate: {
            /** @description The certificate, with the issuers and the root. PEM. */
            certificate: string;
            /** @description The cluster's root certificate. PEM. */
            ca: string;
            record: components["schemas"]["Certificate"];
        };
        /**
         * @description The new keys.
         * @example {
         *       "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n"
         *     }
         */
        RenewCertificate: {
            /** @description Certificate request of the new key; only its key counts. PEM. */
            csr: string;
            /** @description Certificate request of the new key towards the control store; nodes only; only its key counts. PEM. */
            store_csr?: string;
        };
        /** @description New certificates under the name of the old one. */
        RenewedCertificate: {
            /** @description The certificate, with the issuers and the root. PEM. */
            certificate: string;
            /** @description The cluster's root certificate. PEM. */
            ca: string;
            /** @description The one towards the control store, PEM; null when none was asked for. */
            store_certificate: string | null;
            /** @description Root of the control store, PEM; null when none was asked for. */
            store_ca: string | null;
        };
        /** @description Who did what to which object. */
        AuditEntry: {
            /** @description Id of the entry. */
            id: string;
            /**
             * @description When it began. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            at: string;
            /** @description Who: `alice (operator)`, `root on n1`, `docker on n1`, `node n2`. */
            actor: string;
            /**
             * @description The use case.
             * @example volume.create
             */
            action: string;
            object: components["schemas"]["ObjectName"];
            /** @description The fields of the request, secrets left out. */
            request: {
                [key: string]: unknown;
            };
            /**
             * @description `begun`: it runs, or its end was never told. `done`: it was accepted; operations tell how it went on. `refused`: `reason` says why.
             * @enum {string}
             */
            outcome: "begun" | "done" | "refused";
            /** @description Why it was refused; "" otherwise. */
            reason: string;
            /** @description The object as it was; null when there was none. */
            before: unknown;
            /** @description The object after it; null when there is none, or it is not told. */
            after: unknown;
        };
        /** @description A page of entries. */
        AuditPage: {
            /** @description The entries, in a stable order. */
            items: components["schemas"]["AuditEntry"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description What the pool should be. */
        PoolSpec: {
            /**
             * @description `directory`: an existing path. `device`: whole block devices, each made into a filesystem of its own.
             * @enum {string}
             */
            kind: "directory" | "device";
            /** @description Kind directory: the path. Otherwise null. */
            path: string | null;
            /** @description Kind device: the paths of the block devices, in order. Otherwise []. */
            devices: string[];
            /** @description Sizes of volumes may add up to capacity × overcommit. 0.1 to 100. */
            overcommit: number;
            /**
             * @description Class of pool, as a name. `any` is every class.
             * @default any
             * @example fast
             */
            class: string;
        };
        /** @description One filesystem of a pool. A replica lives in exactly one. */
        PoolFilesystem: {
            /** @description UUID of the filesystem. */
            uuid: string;
            /** @description The block device it was made on; null for a directory. */
            device: string | null;
            /** @description Where replica files are. */
            path: string;
            /**
             * @description Type of the filesystem, as the kernel names it.
             * @example xfs
             */
            type: string;
            /** @description Whether files can be cloned without copying. */
            reflink: boolean;
            /** @description Logical sector size of what it lies on, in bytes. */
            sector_bytes: number;
            /** @description What replicas may fill: the whole filesystem of a device; in a directory what is free now and what replicas take. In bytes. */
            capacity_bytes: number;
            /** @description What replicas and snapshots take now. In bytes. */
            used_bytes: number;
        };
        /** @description What was last observed. */
        PoolStatus: {
            /**
             * @description State of the pool; the conditions say why it is unavailable.
             * @enum {string}
             */
            state: "creating" | "ready" | "unavailable" | "removing";
            /** @description What is not as it should be; [] when all is well. */
            conditions: components["schemas"]["Condition"][];
            /** @description When the node last looked, ISO 8601, UTC; null before it was seen. */
            observed_at: string | null;
            /** @description What it is made of. */
            filesystems: components["schemas"]["PoolFilesystem"][];
            /** @description Sum over its filesystems, as the kernel says. In bytes. */
            capacity_bytes: number;
            /** @description What is used of them. In bytes. */
            used_bytes: number;
            /** @description Sum of the sizes of its volumes (trash included) and of what snapshots reserve. In bytes. */
            allocated_bytes: number;
            /** @description The same for each filesystem, by UUID. In bytes. */
            allocated_by_filesystem: {
                [key: string]: number;
            };
            /** @description Whether all its filesystems can clone files without copying. */
            reflink: boolean;
        };
        /** @description Backing capacity on a node. */
        Pool: {
            /**
             * @description Id of the pool; never changes.
             * @example pool_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /** @description Name of the pool. */
            name: string;
            /** @description Raised by every change of spec, labels, owner or name. Send it back as `If-Match` to change only what you saw. */
            version: number;
            /** @description Who manages it; "" when nobody said. */
            owner: string;
            labels: components["schemas"]["Labels"];
            spec: components["schemas"]["PoolSpec"];
            status: components["schemas"]["PoolStatus"];
            /**
             * @description When it was created. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
            /** @description Id of the node that it is on. */
            node: string;
        };
        /** @description A page of pools. */
        PoolPage: {
            /** @description The pools, in a stable order. */
            items: components["schemas"]["Pool"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description The pool as it is after the change, with warnings. */
        ChangedPool: components["schemas"]["Pool"] & components["schemas"]["Warnings"];
        /**
         * @description The pool to make.
         * @example {
         *       "name": "fast",
         *       "kind": "directory",
         *       "path": "/srv/holdfast"
         *     }
         */
        CreatePool: {
            /**
             * @description Name of the pool: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.
             * @example fast
             */
            name: string;
            /** @description Node that it is on: id or name. Default: the node that is asked. */
            node?: string;
            /**
             * @description `directory`: an existing path. `device`: whole block devices, each made into a filesystem of its own.
             * @enum {string}
             */
            kind: "directory" | "device";
            /**
             * @description Kind directory: an existing directory. An absolute path, at most 4096 characters.
             * @example /srv/holdfast
             */
            path?: string;
            /** @description Kind device: 1 to 64 block devices. */
            devices?: string[];
            /**
             * @description Sizes of volumes may add up to capacity × overcommit. 0.1 to 100.
             * @default 1
             */
            overcommit?: number;
            /**
             * @description Class of pool, as a name. `any` is every class.
             * @default any
             * @example fast
             */
            class?: string;
            labels?: components["schemas"]["Labels"];
            /**
             * @description Who manages the object, such as the `owner` of a Terraform configuration. At most 255 characters; default "".
             * @default
             */
            owner?: string;
            /**
             * @description Take a device that carries an old signature, or a path with a foreign marker. Never one that is mounted or in use.
             * @default false
             */
            force?: boolean;
        };
        /**
         * @description The fields to change; what is not named stays.
         * @example {
         *       "overcommit": 1.5
         *     }
         */
        UpdatePool: {
            labels?: components["schemas"]["Labels"];
            /** @description Sizes of volumes may add up to capacity × overcommit. 0.1 to 100. */
            overcommit?: number;
            /** @description Class from now on, as a name. */
            class?: string;
            /** @description Who manages it from now on. */
            owner?: string;
        };
        /**
         * @description How to grow.
         * @example {
         *       "devices": [
         *         "/dev/disk/by-id/nvme-disk2"
         *       ]
         *     }
         */
        GrowPool: {
            /** @description Block devices to add. Default: none, only what its devices have grown by is taken in. */
            devices?: string[];
            /**
             * @description Take a device that carries an old signature, or a path with a foreign marker. Never one that is mounted or in use.
             * @default false
             */
            force?: boolean;
        };
        /**
         * @description What a removed pool left behind and where. Either `path` or `device`.
         * @example {
         *       "path": "/srv/holdfast",
         *       "confirm": "/srv/holdfast"
         *     }
         */
        WipePool: {
            /** @description The directory that the removed pool was in. An absolute path, at most 4096 characters. */
            path?: string;
            /** @description Or the block device that it was on. An absolute path, at most 4096 characters. */
            device?: string;
            /** @description The same path or device once more: what is on it is deleted for good. */
            confirm: string;
        };
        /** @description What it is a copy of. */
        SnapshotSpec: {
            /** @description Id of the volume. */
            volume: string;
            /**
             * @description The filesystem of the volume, which a clone has too.
             * @enum {string}
             */
            filesystem: "xfs" | "ext4";
            /** @description Size of the volume when it was taken. In bytes. */
            size_bytes: number;
        };
        /** @description What was last observed. */
        SnapshotStatus: {
            /**
             * @description State of the snapshot; the conditions say why it is unavailable.
             * @enum {string}
             */
            state: "creating" | "ready" | "unavailable" | "removing";
            /** @description What is not as it should be; [] when all is well. */
            conditions: components["schemas"]["Condition"][];
            /** @description When the node last looked, ISO 8601, UTC; null before it was seen. */
            observed_at: string | null;
            /**
             * @description `filesystem`: taken of a frozen or unmounted filesystem. `crash`: as after a power loss.
             * @enum {string}
             */
            consistency: "filesystem" | "crash";
            /**
             * @description `reflink` shares blocks with the volume; `copy` is a sparse copy; null before it was taken.
             * @enum {unknown}
             */
            method: "reflink" | "copy" | null;
            /** @description What it counts for in the accounting of its pool. In bytes. */
            reserved_bytes: number;
        };
        /** @description A point-in-time copy of a volume in its pool. */
        Snapshot: {
            /**
             * @description Id of the snapshot; never changes.
             * @example snap_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /** @description Name of the snapshot. */
            name: string;
            /** @description Raised by every change of spec, labels, owner or name. Send it back as `If-Match` to change only what you saw. */
            version: number;
            /** @description Who manages it; "" when nobody said. */
            owner: string;
            labels: components["schemas"]["Labels"];
            spec: components["schemas"]["SnapshotSpec"];
            status: components["schemas"]["SnapshotStatus"];
            /**
             * @description When it was created. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
            /** @description Name of the volume when it was taken; shown as `volume@snapshot`. */
            volume_name: string;
        };
        /** @description A page of snapshots. */
        SnapshotPage: {
            /** @description The snapshots, in a stable order. */
            items: components["schemas"]["Snapshot"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description The snapshot as it is after the change, with warnings. */
        ChangedSnapshot: components["schemas"]["Snapshot"] & components["schemas"]["Warnings"];
        /**
         * @description The snapshot to take. Its name is unique within its volume.
         * @example {
         *       "volume": "db",
         *       "name": "before-upgrade"
         *     }
         */
        CreateSnapshot: {
            /**
             * @description Id or name of the volume.
             * @example db
             */
            volume: string;
            /**
             * @description Name of the snapshot: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.
             * @example before-upgrade
             */
            name: string;
            labels?: components["schemas"]["Labels"];
            /**
             * @description Who manages the object, such as the `owner` of a Terraform configuration. At most 255 characters; default "".
             * @default
             */
            owner?: string;
        };
        /**
         * @description The fields to change; what is not named stays.
         * @example {
         *       "labels": {
         *         "keep": "yes"
         *       }
         *     }
         */
        UpdateSnapshot: {
            labels?: components["schemas"]["Labels"];
            /** @description Who manages it from now on. */
            owner?: string;
        };
        /**
         * @description Where a volume may be.
         * @example {
         *       "zones": [
         *         "rack-1"
         *       ],
         *       "anti_affinity": "app"
         *     }
         */
        PlacementRules: {
            /** @description Only in one of these zones. Default: any. */
            zones?: string[];
            labels?: components["schemas"]["Labels"];
            /** @description Only on this node: id or name. Default: any. */
            node?: string;
            /** @description Key of a label of the volume: zones, then nodes, with fewer volumes of the same value and rule are preferred. */
            spread_by?: string;
            /** @description Key of a label of the volume: never on a node that holds a volume with the same value and rule. */
            anti_affinity?: string;
        };
        /** @description What the volume should be. */
        VolumeSpec: {
            /** @description Size of the block device. In bytes. */
            size_bytes: number;
            /**
             * @description Filesystem inside the volume. Default xfs, or ext4 below 314572800 bytes (300 MiB), where XFS refuses.
             * @enum {string}
             */
            filesystem: "xfs" | "ext4";
            /**
             * @description `single`: written on one node at a time. `shared`: on many at once.
             * @enum {string}
             */
            access: "single" | "shared";
            /** @description Number of copies, 1 to 3. */
            replicas: number;
            /**
             * @description Class of pool, as a name. `any` is every class.
             * @default any
             * @example fast
             */
            class: string;
            /** @description Id of the pool it must be placed in; null for any that suits. */
            pool: string | null;
            /** @description Refuse to delete it while this is true. */
            deletion_protection: boolean;
            /**
             * @description How long its trash is kept after deletion; 0 purges at once. At most 100 years. In milliseconds.
             * @example 604800000
             */
            trash_retention_ms: number;
            /** @description Id of the snapshot it was cloned from; null when it was not. */
            source_snapshot: string | null;
            placement?: components["schemas"]["PlacementRules"];
            /** @description Writes are acknowledged while at least so many replicas hold them. */
            min_in_sync: number;
            /** @description Whether the writer may move to another node by itself. */
            movable: boolean;
        };
        /** @description A mount made for one consumer. */
        Publication: {
            /** @description Who: `docker:<mount id>` or `path:<target path>`. */
            consumer: string;
            /** @description Bind mount made for the consumer; null where it uses the mount point of the volume itself. */
            path: string | null;
            /** @description Whether the consumer may only read. */
            read_only: boolean;
            /**
             * @description When it was mounted. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            since: string;
            /** @description Boot of the machine that the mount belongs to. */
            boot_id: string;
        };
        /** @description When the volume was put into the trash, and until when it can be restored. */
        Trashed: {
            /**
             * @description When it was deleted. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            at: string;
            /**
             * @description When it will be purged. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            purge_at: string;
            /** @description The name it had. */
            name: string;
        };
        /** @description What was last observed. */
        VolumeStatus: {
            /**
             * @description State of the volume as a whole; the conditions say why.
             * @enum {string}
             */
            state: "creating" | "ready" | "degraded" | "unavailable" | "incomplete" | "trashed";
            /** @description What is not as it should be; [] when all is well. */
            conditions: components["schemas"]["Condition"][];
            /** @description When the node last looked, ISO 8601, UTC; null before it was seen. */
            observed_at: string | null;
            /** @description Bytes that its image takes on the medium; null before it was seen. */
            used_bytes: number | null;
            /** @description Last modification of its image, ISO 8601, UTC; null before it was seen. */
            written_at: string | null;
            /** @description Block device on the node that writes; null when detached. */
            device: string | null;
            /** @description Where it is mounted on the node that writes; null when it is not. */
            mount_path: string | null;
            /** @description The consumers that have it mounted. */
            publications: components["schemas"]["Publication"][];
            /** @description Set in the state `trashed` only. */
            trashed: components["schemas"]["Trashed"] | null;
        };
        /** @description A node, and what proves that it is still the same. */
        NodeLease: {
            /** @description Id of the node. */
            node: string;
            /** @description Lease that the node holds; on the embedded store the boot id of its machine. */
            lease: string;
        };
        /** @description Where the files of a replica are. */
        ReplicaHome: {
            /** @description Id of the node. */
            node: string;
            /** @description Raised by every move. */
            epoch: number;
            /** @description Where its files are. */
            path: string;
        };
        /** @description One copy of a volume. */
        Replica: {
            /** @description Id of the replica. */
            id: string;
            /** @description Id of its node. */
            node: string;
            /** @description Id of its pool. */
            pool: string;
            /** @description UUID of the filesystem of the pool that it lives in. */
            filesystem: string;
            /**
             * @description `in-sync` holds every acknowledged write.
             * @enum {string}
             */
            state: "in-sync" | "syncing" | "stale" | "lost";
            /** @description Where its files are; null before they were made. */
            home: components["schemas"]["ReplicaHome"] | null;
        };
        /** @description Which replicas hold a snapshot. */
        HeldSnapshot: {
            /** @description Id of the snapshot. */
            id: string;
            /** @description Ids of the replicas that hold it. */
            replicas: string[];
        };
        /** @description Where the data are and who may write them. */
        ReplicationRecord: {
            /** @description Which line of content: raised by a restore. */
            history: number;
            /** @description Raised at every attach and take-over: the fencing token. 0 was never attached. */
            generation: number;
            /** @description Raised by every change of the set of replicas. */
            set_version: number;
            /** @description Size that the replicas have. In bytes. */
            size: number;
            /** @description The node that may write; null when detached. */
            writer: components["schemas"]["NodeLease"] | null;
            /** @description Whether the last writer ended in order. */
            clean: boolean;
            /** @description The node that is attaching it; null otherwise. */
            attaching: components["schemas"]["NodeLease"] | null;
            /** @description All copies. */
            replicas: components["schemas"]["Replica"][];
            /** @description The snapshots and who holds them. */
            snapshots: components["schemas"]["HeldSnapshot"][];
        };
        /** @description What a container mounts. */
        Volume: {
            /**
             * @description Id of the volume; never changes.
             * @example vol_01JD9Z3QK7W5T8X2M4N6P0R1SA
             */
            id: string;
            /** @description Name of the volume. */
            name: string;
            /** @description Raised by every change of spec, labels, owner or name. Send it back as `If-Match` to change only what you saw. */
            version: number;
            /** @description Who manages it; "" when nobody said. */
            owner: string;
            labels: components["schemas"]["Labels"];
            spec: components["schemas"]["VolumeSpec"];
            status: components["schemas"]["VolumeStatus"];
            /**
             * @description When it was created. ISO 8601, UTC.
             * @example 2026-11-22T19:30:00.000Z
             */
            created_at: string;
            replication: components["schemas"]["ReplicationRecord"];
        };
        /** @description A page of volumes. */
        VolumePage: {
            /** @description The volumes, in a stable order. */
            items: components["schemas"]["Volume"][];
            /** @description Send it as `cursor` for the next page; null at the end. */
            next: string | null;
        };
        /** @description The volume as it is after the change, with warnings. */
        ChangedVolume: components["schemas"]["Volume"] & components["schemas"]["Warnings"];
        /**
         * @description The volume to make.
         * @example {
         *       "name": "db",
         *       "size_bytes": 10737418240,
         *       "labels": {
         *         "app": "shop"
         *       }
         *     }
         */
        CreateVolume: {
            /**
             * @description Name of the volume: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.
             * @example db
             */
            name: string;
            /**
             * @description Size. Rounded up to a multiple of 4096; from 8388608 (8 MiB) to 1125899906842624 (1 PiB). In bytes.
             * @default 1073741824
             * @example 10737418240
             */
            size_bytes?: number;
            /**
             * @description Filesystem inside the volume. Default xfs, or ext4 below 314572800 bytes (300 MiB), where XFS refuses.
             * @enum {string}
             */
            filesystem?: "xfs" | "ext4";
            /**
             * @description `single`: written on one node at a time. `shared`: on many at once.
             * @default single
             * @enum {string}
             */
            access?: "single" | "shared";
            /**
             * @description Number of copies, 1 to 3.
             * @default 1
             */
            replicas?: number;
            /**
             * @description Class of pool, as a name. `any` is every class.
             * @default any
             * @example fast
             */
            class?: string;
            /** @description Id or name of the pool that it must be in. Default: any pool of its class that has room. */
            pool?: string;
            placement?: components["schemas"]["PlacementRules"];
            labels?: components["schemas"]["Labels"];
            /**
             * @description Who manages the object, such as the `owner` of a Terraform configuration. At most 255 characters; default "".
             * @default
             */
            owner?: string;
            /**
             * @description Refuse to delete it while this is true.
             * @default false
             */
            deletion_protection?: boolean;
            /**
             * @description How long its trash is kept after deletion; 0 purges at once. At most 100 years. In milliseconds.
             * @default 604800000
             * @example 604800000
             */
            trash_retention_ms?: number;
            /**
             * @description Snapshot to clone: its id, or `volume@snapshot`. Default: an empty volume.
             * @example db@before-upgrade
             */
            source_snapshot?: string;
            /**
             * @description What to do when a volume of that name is in the trash: refuse, restore it, or make a new one with a warning.
             * @default new
             * @enum {string}
             */
            if_trashed?: "refuse" | "restore" | "new";
            /**
             * @description Check everything that would be refused, and make nothing: the answer is 200 and the volume as it would be.
             * @default false
             */
            dry_run?: boolean;
        };
        /**
         * @description What the volume of this name must be at least. Size and replicas are minimums; what is not named is not compared.
         * @example {
         *       "size_bytes": 10737418240
         *     }
         */
        EnsureVolume: {
            /**
             * @description Size. Rounded up to a multiple of 4096; from 8388608 (8 MiB) to 1125899906842624 (1 PiB). In bytes.
             * @default 1073741824
             * @example 10737418240
             */
            size_bytes?: number;
            /**
             * @description Filesystem inside the volume. Default xfs, or ext4 below 314572800 bytes (300 MiB), where XFS refuses.
             * @enum {string}
             */
            filesystem?: "xfs" | "ext4";
            /**
             * @description `single`: written on one node at a time. `shared`: on many at once.
             * @default single
             * @enum {string}
             */
            access?: "single" | "shared";
            /**
             * @description Number of copies, 1 to 3.
             * @default 1
             */
            replicas?: number;
            /**
             * @description Class of pool, as a name. `any` is every class.
             * @default any
             * @example fast
             */
            class?: string;
            /** @description Id or name of the pool that it must be in. Default: any pool of its class that has room. */
            pool?: string;
            placement?: components["schemas"]["PlacementRules"];
            labels?: components["schemas"]["Labels"];
            /**
             * @description Who manages the object, such as the `owner` of a Terraform configuration. At most 255 characters; default "".
             * @default
             */
            owner?: string;
            /**
             * @description Refuse to delete it while this is true.
             * @default false
             */
            deletion_protection?: boolean;
            /**
             * @description How long its trash is kept after deletion; 0 purges at once. At most 100 years. In milliseconds.
             * @default 604800000
             * @example 604800000
             */
            trash_retention_ms?: number;
            /**
             * @description Snapshot to clone: its id, or `volume@snapshot`. Default: an empty volume.
             * @example db@before-upgrade
             */
            source_snapshot?: string;
            /**
             * @description What to do when a volume of that name is in the trash: refuse, restore it, or make a new one with a warning.
             * @default new
             * @enum {string}
             */
            if_trashed?: "refuse" | "restore" | "new";
            /**
             * @description Check everything that would be refused, and make nothing: the answer is 200 and the volume as it would be.
             * @default false
             */
            dry_run?: boolean;
        };
        /**
         * @description The fields to change; what is not named stays.
         * @example {
         *       "deletion_protection": true
         *     }
         */
        UpdateVolume: {
            labels?: components["schemas"]["Labels"];
            /** @description Who manages it from now on. */
            owner?: string;
            /** @description Refuse to delete it while this is true. */
            deletion_protection?: boolean;
            /**
             * @description How long its trash is kept after deletion; 0 purges at once. At most 100 years. In milliseconds.
             * @example 604800000
             */
            trash_retention_ms?: number;
        };
        /**
         * @description The size to grow to, while it is in use or not.
         * @example {
         *       "size_bytes": 21474836480
         *     }
         */
        ResizeVolume: {
            /**
             * @description The new size: the present one or larger (shrinking is refused). Rounded up to a multiple of 4096; from 8388608 (8 MiB) to 1125899906842624 (1 PiB). In bytes.
             * @example 10737418240
             */
            size_bytes: number;
        };
        /**
         * @description Who wants it mounted, and where.
         * @example {
         *       "consumer": "path:/srv/db",
         *       "path": "/srv/db"
         *     }
         */
        PublishVolume: {
            /**
             * @description Who mounts it: the same consumer again is the same mount.
             * @example path:/srv/db
             */
            consumer: string;
            /**
             * @description Where to mount it for the consumer. Default: the mount point of the volume itself. An absolute path, at most 4096 characters.
             * @example /srv/db
             */
            path?: string;
            /**
             * @description Mount it for reading only.
             * @default false
             */
            read_only?: boolean;
        };
        /** @description The volume, and where it is mounted for the consumer. */
        PublishedVolume: {
            volume: components["schemas"]["Volume"];
            /** @description Where the consumer finds the files. */
            mount_path: string;
        };
        /**
         * @description Which mount to remove: by consumer, by path or by both. One of them must be named.
         * @example {
         *       "path": "/srv/db"
         *     }
         */
        UnpublishVolume: {
            /** @description The consumer that needs it no longer. */
            consumer?: string;
            /** @description Or the path where it was mounted. An absolute path, at most 4096 characters. */
            path?: string;
        };
        /**
         * @description Under which name to restore it; default: the one it had.
         * @example {
         *       "name": "db-again"
         *     }
         */
        RestoreTrash: {
            /** @description Name of the restored volume: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit. */
            name?: string;
        };
        /** @description What the order of the candidates is made of. */
        PlacementScore: {
            /** @description Volumes of the same `spread_by` group in the zone; fewer come first. */
            zone_volumes: number;
            /** @description Volumes of that group on the node; of equal zones, fewer come first. */
            node_volumes: number;
            /** @description Share of the pool that would stay free, 0 to 1; of equal nodes, the larger comes first. */
            free_share: number;
        };
        /** @description One pool that was looked at. */
        PlacementCandidate: {
            /** @description Id of the pool. */
            pool: string;
            /** @description Name of the pool. */
            name: string;
            /** @description Id of its node. */
            node: string;
            /** @description Name of its node; "" when the node is not known. */
            node_name: string;
            /** @description Failure domain of its node; "" for none. */
            zone: string;
            /** @description Whether the volume can be there. */
            fits: boolean;
            /** @description Why, or why not. */
            reason: string;
            /** @description Share of the pool that would stay free, 0 to 1; -1 where it does not fit. */
            score: number;
            /** @description What its rank is made of; null where it does not fit. */
            parts: components["schemas"]["PlacementScore"] | null;
        };
        /** @description Why a volume is where it is. */
        PlacementExplanation: {
            /** @description Ids of the pools that it is in. */
            chosen: string[];
            /** @description Ids of the pools that would be chosen if it were made now; empty when there is no place. */
            chosen_now: string[];
            /** @description Why there would be no place now; null when there is one. */
            refusal: string | null;
            /** @description All pools, best first; those that do not fit last. */
            candidates: components["schemas"]["PlacementCandidate"][];
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
    listVolumes: {
        parameters: {
            query?: {
                /** @description Only the one of this name. */
                name?: string;
                /** @description Only those in this pool: id or name. */
                pool?: string;
                /** @description Only those of this owner. */
                owner?: string;
                /**
                 * @description Only those with this label, as `key=value`. Repeat it: every one must be there.
                 * @example [
                 *       "app=shop"
                 *     ]
                 */
                label?: string[];
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of volumes, ordered by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumePage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description 1 to 128 printable characters of your own: the same request with the same key again makes nothing new and gets the first answer.
                 * @example 7f1f9a52-0d0b-4d4c-b0a2-4f1f8a3c9d11
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateVolume"];
            };
        };
        responses: {
            /** @description With `dry_run`: the volume as it would be. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is made. */
            201: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported: Not built, or not offered by this machine. */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description resource_exhausted: No pool has room for this. */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getVolume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    ensureVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description 1 to 128 printable characters of your own: the same request with the same key again makes nothing new and gets the first answer.
                 * @example 7f1f9a52-0d0b-4d4c-b0a2-4f1f8a3c9d11
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnsureVolume"];
            };
        };
        responses: {
            /** @description It was there. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is made. */
            201: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported: Not built, or not offered by this machine. */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description resource_exhausted: No pool has room for this. */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    removeVolume: {
        parameters: {
            query?: {
                /** @description Purge at once, whatever its retention: there is no way back. */
                purge?: boolean;
            };
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted: the volume as it was last seen, in the state `trashed` when it is in the trash. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    updateVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateVolume"];
            };
        };
        responses: {
            /** @description The volume after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    resizeVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResizeVolume"];
            };
        };
        responses: {
            /** @description It has the size. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description resource_exhausted: No pool has room for this. */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    recoverVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    attachVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume; `status.device` is its device. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported: Not built, or not offered by this machine. */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    detachVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    publishVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishVolume"];
            };
        };
        responses: {
            /** @description Where it is mounted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublishedVolume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported: Not built, or not offered by this machine. */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    unpublishVolume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnpublishVolume"];
            };
        };
        responses: {
            /** @description The volume after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    explainVolume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or name of the volume. */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The pools that were looked at. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlacementExplanation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listTrash: {
        parameters: {
            query?: {
                /** @description Only the one of this name. */
                name?: string;
                /** @description Only those in this pool: id or name. */
                pool?: string;
                /** @description Only those of this owner. */
                owner?: string;
                /**
                 * @description Only those with this label, as `key=value`. Repeat it: every one must be there.
                 * @example [
                 *       "app=shop"
                 *     ]
                 */
                label?: string[];
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of volumes in the trash. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumePage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    restoreTrash: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id of a volume in the trash, or the name it had (the newest of that name). */
                volume: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreTrash"];
            };
        };
        responses: {
            /** @description The volume, restored. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    purgeTrash: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id of a volume in the trash, or the name it had (the newest of that name). */
                volume: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is purged: the volume as it was last seen. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listPools: {
        parameters: {
            query?: {
                /** @description Only the one of this name. */
                name?: string;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of pools, ordered by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoolPage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createPool: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description 1 to 128 printable characters of your own: the same request with the same key again makes nothing new and gets the first answer.
                 * @example 7f1f9a52-0d0b-4d4c-b0a2-4f1f8a3c9d11
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePool"];
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedPool"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported: Not built, or not offered by this machine. */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getPool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or name of the pool. */
                pool: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The pool. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pool"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    removePool: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the pool. */
                pool: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is removed: the pool as it was last seen. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedPool"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    updatePool: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the pool. */
                pool: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdatePool"];
            };
        };
        responses: {
            /** @description The pool after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pool"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    growPool: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the pool. */
                pool: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GrowPool"];
            };
        };
        responses: {
            /** @description It is grown. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedPool"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    wipePool: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WipePool"];
            };
        };
        responses: {
            /** @description It is deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listSnapshots: {
        parameters: {
            query?: {
                /** @description Only those of this volume: id or name. */
                volume?: string;
                /** @description Only the one of this name. */
                name?: string;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of snapshots. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotPage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createSnapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description 1 to 128 printable characters of your own: the same request with the same key again makes nothing new and gets the first answer.
                 * @example 7f1f9a52-0d0b-4d4c-b0a2-4f1f8a3c9d11
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateSnapshot"];
            };
        };
        responses: {
            /** @description It is taken. */
            201: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedSnapshot"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description resource_exhausted: No pool has room for this. */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of the snapshot, or `volume@snapshot`.
                 * @example db@before-upgrade
                 */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The snapshot. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    removeSnapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Id of the snapshot, or `volume@snapshot`.
                 * @example db@before-upgrade
                 */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted: the snapshot as it was last seen. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedSnapshot"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    updateSnapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /**
                 * @description Id of the snapshot, or `volume@snapshot`.
                 * @example db@before-upgrade
                 */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateSnapshot"];
            };
        };
        responses: {
            /** @description The snapshot after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    restoreSnapshot: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /**
                 * @description Id of the snapshot, or `volume@snapshot`.
                 * @example db@before-upgrade
                 */
                snapshot: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume has the content of the snapshot. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedVolume"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description resource_exhausted: No pool has room for this. */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listOperations: {
        parameters: {
            query?: {
                /** @description Only those that change this object: its id. */
                target?: string;
                /** @description true: only those that are not over; false: only those that are. Default: all. */
                running?: boolean;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of operations, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OperationPage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getOperation: {
        parameters: {
            query?: {
                /** @description Wait until the operation is over, at most so many milliseconds, 0 to 60000. Default 0: answer at once. */
                wait_ms?: number;
            };
            header?: never;
            path: {
                /** @description Id of the operation. */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operation as it is, or as it is after the wait. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    cancelOperation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the operation. */
                operation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operation; wait for its end to see how it ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description Only those about this object: its id or name. */
                object?: string;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    watchEvents: {
        parameters: {
            query?: {
                /** @description Only those about this object: its id or name. */
                object?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listNodes: {
        parameters: {
            query?: {
                /** @description Only the one of this name. */
                name?: string;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of nodes, ordered by name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodePage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getNode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or name of the node. */
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The node. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Node"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    removeNode: {
        parameters: {
            query?: {
                /** @description Give up its last copies for lost: their volumes stay, unavailable. Default: false. */
                abandon?: boolean;
            };
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the node. */
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is removed: the node as it was last seen. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedNode"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    updateNode: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the node. */
                node: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateNode"];
            };
        };
        responses: {
            /** @description The node after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Node"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getNodeHoldings: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id or name of the node. */
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volumes on it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeHoldings"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    drainNode: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.
                 * @example respond-async
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id or name of the node. */
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is drained. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedNode"];
                };
            };
            /** @description It is not done yet: the operation that does it. */
            202: {
                headers: {
                    /** @description Where to read the operation. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedOperation"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    undrainNode: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Change it only if it still has this version (an ETag); otherwise the answer is a conflict.
                 * @example "7"
                 */
                "If-Match"?: string;
            };
            path: {
                /** @description Id or name of the node. */
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The node after the change. */
            200: {
                headers: {
                    /** @description Version of the object, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Node"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listMembers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The members. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreMembers"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tokens, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinTokenPage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateToken"];
            };
        };
        responses: {
            /** @description It is made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedToken"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    removeToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the token. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is withdrawn. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    joinNode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JoinRequest"];
            };
        };
        responses: {
            /** @description The machine is a node. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinAnswer"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description permission_denied: The caller may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    joinClient: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JoinClientRequest"];
            };
        };
        responses: {
            /** @description The certificate. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinClientAnswer"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description permission_denied: The caller may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description conflict: The name is taken, the object is in use, or it has changed since it was read. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listCertificates: {
        parameters: {
            query?: {
                /** @description Only the one of this name. */
                name?: string;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of certificates, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CertificatePage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    signClient: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignCertificate"];
            };
        };
        responses: {
            /** @description It is signed. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedCertificate"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    renewCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenewCertificate"];
            };
        };
        responses: {
            /** @description New certificates. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RenewedCertificate"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description permission_denied: The caller may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    revokeCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Serial number of the certificate, lower-case hex. */
                serial: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The certificate as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Certificate"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found: There is no such object. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description failed_precondition: The object is not in a state that allows this; `detail.hint` says what to do first. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Only those about this object: its id or name. */
                object?: string;
                /** @description Only what was done by this one: `alice`, or `root on n1`. */
                actor?: string;
                /** @description Length of a page, 1 to 500. */
                limit?: number;
                /** @description `next` of the page before. Default: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of entries, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Counts, capacity and what needs a look. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getVersion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Versions, and the id of the cluster. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getCluster: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cluster. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cluster"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getCapacity: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Over all pools, and by pool. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Capacity"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    checkStore: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoreCheck"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It lives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description invalid_argument: Something in the request is wrong: `detail.field` names it. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal: A fault of Holdfast itself; the log of the daemon has more. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unavailable: Too many requests, or something that is needed is away; try again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
