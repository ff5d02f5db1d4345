-- A journal as it was before revisions: made by hand from the tables of that release.
CREATE TABLE blocks (number BIGINT NOT NULL, hash VARCHAR(66) NOT NULL, PRIMARY KEY (number));
CREATE TABLE deadlines (action VARCHAR(20) NOT NULL, subject VARCHAR(128) NOT NULL, role VARCHAR(20) NOT NULL,
  due_at BIGINT NOT NULL, PRIMARY KEY (action, subject, role));
CREATE INDEX deadlines_by_time ON deadlines (due_at);
CREATE TABLE duties (role VARCHAR(20) NOT NULL, job VARCHAR(128) NOT NULL, state VARCHAR(20) NOT NULL, reason TEXT NOT NULL,
  final_roots TEXT NOT NULL, result_id VARCHAR(66), attempts INTEGER NOT NULL, retry_at FLOAT NOT NULL,
  created_at FLOAT NOT NULL, updated_at FLOAT NOT NULL, PRIMARY KEY (role, job));
CREATE INDEX duties_by_state ON duties (state);
CREATE TABLE identity (chain_id BIGINT NOT NULL, market VARCHAR(42) NOT NULL, account VARCHAR(42) NOT NULL,
  first_block VARCHAR(66) NOT NULL, PRIMARY KEY (chain_id));
CREATE TABLE logs (block BIGINT NOT NULL, log_index INTEGER NOT NULL, job VARCHAR(128) NOT NULL, event VARCHAR(40) NOT NULL,
  block_hash VARCHAR(66) NOT NULL, transaction_hash VARCHAR(66) NOT NULL, address VARCHAR(42) NOT NULL, topics TEXT NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY (block, log_index));
CREATE INDEX logs_by_job ON logs (job);
CREATE TABLE transactions (purpose VARCHAR(200) NOT NULL, state VARCHAR(20) NOT NULL, reason TEXT NOT NULL,
  sender VARCHAR(42) NOT NULL, nonce BIGINT NOT NULL, hash VARCHAR(66) NOT NULL, raw BLOB NOT NULL, signed_at FLOAT NOT NULL,
  block BIGINT, gas_used BIGINT, cost VARCHAR(40), PRIMARY KEY (purpose),
  CONSTRAINT transaction_state CHECK (state in ('signed', 'done', 'failed')));
CREATE INDEX transactions_by_state ON transactions (state);
INSERT INTO identity VALUES (31337, '0x2222222222222222222222222222222222222222', '0x1111111111111111111111111111111111111111',
  '0x0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO blocks VALUES (12, '0x0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c');
INSERT INTO logs VALUES (7, 0, '0.1@0x1111111111111111111111111111111111111111', 'JobPosted', '0x00', '0x00',
  '0x2222222222222222222222222222222222222222', '0x01 0x02', x'0203');
INSERT INTO duties VALUES ('provider', '0.1@0x1111111111111111111111111111111111111111', 'computed', 'ran 5 steps', '0x01 0x02',
  '0x03', 0, 0.0, 1000.0, 1001.0);
INSERT INTO deadlines VALUES ('finalize', '0.1@0x1111111111111111111111111111111111111111', 'provider', 5000);
