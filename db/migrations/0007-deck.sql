-- Whether any queued job waits for labware on its device is asked whenever a job ends.
create index dispatch_deck on dispatch (site_id) where state = 'queued' and deck;
