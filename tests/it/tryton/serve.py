"""Serves one database of Tryton on a free port of loopback: serve.py FOLDER, where FOLDER has erp.sqlite.

The first line it writes is its address; from then on it answers. It ends when its standard input does, that is with the
test that started it, however that ends.
"""
import logging
import os
import pathlib
import sys
import threading


def main():
    place = pathlib.Path(sys.argv[1]).resolve()
    from trytond import config

    (place / "trytond.conf").write_text(f"[database]\nuri = sqlite://\npath = {place}\n")
    config.update_etc([str(place / "trytond.conf")])
    logging.basicConfig(filename=place / "server.log", level=logging.WARNING)
    # Imported once it is configured, as its own start does.
    from trytond.pool import Pool
    from trytond.wsgi import app
    from werkzeug.serving import make_server

    threading.Thread(target=end_with_input, daemon=True).start()
    Pool.start()
    Pool("erp").init()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.port}/erp", flush=True)
    server.serve_forever()


def end_with_input():
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
