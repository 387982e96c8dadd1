# /etc/tryton/gunicorn.conf.py
from multiprocessing import cpu_count

# nginx on the same machine is the only client
bind = '127.0.0.1:8001'
# The modules are loaded once and shared by the processes
preload_app = True
worker_class = 'gthread'
workers = max(2, cpu_count())
threads = 4
# A process is replaced after some thousand requests, not all at once
max_requests = 5000
max_requests_jitter = 500
# Seconds that running requests get when the service stops
graceful_timeout = 60
# systemd controls the service
control_socket_disable = True
