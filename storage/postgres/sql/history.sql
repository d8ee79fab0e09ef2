-- name: versions
-- Versions of one identifier below a version, newest first, as many as begin within the first 8 MiB of values; each with its row of the change log. (The log is read by transaction.)
WITH page AS (
    SELECT *,
           sum(octet_length(wire_values)) OVER (ORDER BY version DESC ROWS UNBOUNDED PRECEDING)
             - octet_length(wire_values) AS before
      FROM (
        SELECT version, name, state, reason, template, wire_values, changed_at, xid
          FROM identifier
         WHERE prefix = $1 AND key = $2 AND version < $3
         UNION ALL
        (SELECT version, name, state, reason, template, wire_values, changed_at, xid
           FROM identifier_history
          WHERE prefix = $1 AND key = $2 AND version < $3
          ORDER BY version DESC
          LIMIT $4)
      ) versions
     ORDER BY version DESC
     LIMIT $4
)
SELECT $2::text AS key, p.name, p.version, p.state, p.reason, p.template, p.wire_values,
       p.changed_at, p.xid::text AS xid, c.change, c.kind,
       floor(extract(epoch FROM c.at) * 1000)::bigint AS at
  FROM page p
  LEFT JOIN LATERAL (
    SELECT change, kind, at FROM change
     WHERE xid = p.xid AND key = $2 AND version = p.version
     LIMIT 1
  ) c ON true
 WHERE p.before < 8388608
 ORDER BY p.version DESC;

-- name: entries
-- Audit entries of some transactions that may be about one identifier.
SELECT xid::text AS xid, at, actor, action, subject, request, detail, root
  FROM audit
 WHERE xid = ANY ($1::text[]::xid8[]) AND (subject = $2 OR action = ANY ($3::text[]))
 ORDER BY audit.xid, id;

-- name: version
-- One version of one identifier, the newest or a replaced one.
SELECT key, name, version, state, reason, template, wire_values, changed_at
  FROM identifier WHERE prefix = $1 AND key = $2 AND version = $3
 UNION ALL
SELECT key, name, version, state, reason, template, wire_values, changed_at
  FROM identifier_history WHERE prefix = $1 AND key = $2 AND version = $3
 LIMIT 1;

-- name: prune
-- Some of the versions that were replaced more than $1 days ago. Returns how many.
WITH old AS (
    SELECT ctid FROM identifier_history
     WHERE replaced_at < now() - make_interval(days => $1)
     LIMIT $2
), gone AS (
    DELETE FROM identifier_history WHERE ctid = ANY (ARRAY(SELECT ctid FROM old)) RETURNING 1
)
SELECT count(*) FROM gone;

-- name: replaced
-- Replaced versions under one prefix by key and version, past one of them.
SELECT key, name, version, state, reason, template, wire_values, changed_at
  FROM identifier_history
 WHERE prefix = $1 AND (key, version) > ($2, $3)
 ORDER BY key, version
 LIMIT $4;

-- name: audit
-- The audit log past a place.
SELECT xid::text AS xid, id, at, actor, action, subject, request, detail, root
  FROM audit
 WHERE (xid, id) > ($1::text::xid8, $2::bigint)
 ORDER BY audit.xid, id
 LIMIT $3;
