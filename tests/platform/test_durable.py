"""What was committed is there after the server was killed: an answer that was given stays true."""

import signal

import psycopg2
import pytest

from cs_platform.supervisor import ports
from cs_platform.supervisor.postgres import OWNER, Postgres

pytestmark = pytest.mark.slow
PORT = 21900


@pytest.mark.parametrize("durable", [True, False])
def test_a_commit_outlives_the_server(tmp_path, durable):
    server = Postgres(tmp_path, durable=durable)
    server.start(ports.choose("postgres", PORT, tmp_path / "ports.json"))
    try:
        address = f"postgresql://{OWNER}@127.0.0.1:{server.port}/cs"
        connection = psycopg2.connect(address)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE said (n int)")
            for n in range(50):
                cursor.execute("INSERT INTO said VALUES (%s)", [n])
        server.child.send_signal(signal.SIGQUIT)  # at once: nothing is written any more
        server.child.wait(30)
        server.start(server.port)
        with psycopg2.connect(address) as again, again.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM said")
            assert cursor.fetchone() == (50,)
    finally:
        server.stop()
