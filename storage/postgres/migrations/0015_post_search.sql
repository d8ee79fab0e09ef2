-- The table of the reverse look-up: `search_block` (0007) took its place.
DROP TABLE reverse_lookup;
DELETE FROM projection WHERE name = 'reverse_lookup';
