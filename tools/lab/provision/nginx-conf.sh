#!/bin/sh
# nginx-conf.sh NAME FOLDER PORT…: prints the configuration of a real server whose answer says who it is:
#   rs1 10.9.0.11:80 172.16.0.1:40001
# FOLDER takes the pid file and whatever nginx wants to write.
set -eu
name=$1
folder=$2
shift 2

cat <<EOF
worker_processes 1;
user root;
pid $folder/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
	access_log off;
	default_type text/plain;
	client_body_temp_path $folder/body;
	proxy_temp_path $folder/proxy;
	fastcgi_temp_path $folder/fastcgi;
	uwsgi_temp_path $folder/uwsgi;
	scgi_temp_path $folder/scgi;
	server {
$(for port in "$@"; do printf '\t\tlisten %s backlog=4096;\n' "$port"; done)
		add_header X-Server $name always;
		location / {
			return 200 "$name \$server_addr:\$server_port \$remote_addr:\$remote_port\n";
		}
	}
}
EOF
